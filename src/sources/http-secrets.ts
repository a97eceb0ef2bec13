// Makes the errors of httpSource. Keeps queries and fragments of URLs, which may hold tokens, out of every message and
// error.

import { BundleSealError } from '../errors.ts';
import type { RefuseResponse } from './http-answer.ts';
import type { Connection } from './http-options.ts';

/** Returns a function that makes errors with the name of the file and the offset that the read has reached. */
export function refusal(
  { name, route }: Connection,
  { offset, at }: { readonly offset: number; readonly at: number },
): RefuseResponse {
  return (what, cause) =>
    new BundleSealError('ERR_SOURCE_FAILED', `${name} ${what}`, {
      offset: offset + at,
      cause: withoutUrlSecrets(cause, route.secrets),
    });
}

/** Adds the query and the fragment of a URL to the texts that no message may contain. */
export function hideSecrets({ search, hash }: URL, secrets: Set<string>): void {
  for (const part of [search, hash]) if (part.length > 1) secrets.add(part);
}

/**
 * Returns the cause unchanged, or a copy without the secrets if its message, a field or an error in a field contains
 * one: Deno's messages quote the whole URL, and Bun's errors have it as a field. Also copies a chain of causes that is
 * too long to search.
 */
function withoutUrlSecrets(cause: unknown, secrets: ReadonlySet<string>): unknown {
  return holds(cause, secrets) ? copyOf(cause, secrets) : cause;
}

// Limits the depth, because a chain of causes may be circular.
const DEEPEST = 8;

function holds(cause: unknown, secrets: ReadonlySet<string>, depth = 0): boolean {
  if (typeof cause === 'string') return [...secrets].some((secret) => cause.includes(secret));
  if (!(cause instanceof Error)) return false;
  // The rest of the chain is not searched, and the copy ends here.
  if (depth > DEEPEST) return true;
  const parts = [cause.message, cause.stack, cause.cause, ...Object.values(cause)];
  return parts.some((part) => holds(part, secrets, depth + 1));
}

function copyOf(cause: unknown, secrets: ReadonlySet<string>, depth = 0): unknown {
  const clean = (text: string) => {
    let left = text;
    for (const secret of secrets) left = left.replaceAll(secret, '');
    return left;
  };
  if (typeof cause === 'string') return clean(cause);
  if (!(cause instanceof Error) || depth > DEEPEST) return undefined;
  const copy = new Error(clean(cause.message), { cause: copyOf(cause.cause, secrets, depth + 1) });
  copy.name = clean(cause.name);
  const { code } = cause as { readonly code?: unknown };
  return typeof code === 'string' ? Object.assign(copy, { code: clean(code) }) : copy;
}

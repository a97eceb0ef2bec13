// Makes the two errors that an archive can cause.

import { BundleSealError, type ErrorFields } from '../../errors.ts';
import { printable } from './printable.ts';
import type { ZipLimits } from './zip-limits.ts';

/** Makes an error whose message is the entry's name, if there is one, followed by `what`. */
export function invalid(
  what: string,
  path?: string,
  fields: Pick<ErrorFields, 'offset' | 'cause'> = {},
): BundleSealError {
  return refusal('ERR_ARCHIVE_INVALID', what, path, fields);
}

/** Makes the error for a file that exceeds a limit. @param limit - The option that sets the limit. */
export function overLimit(limit: keyof ZipLimits, what: string, path: string): BundleSealError {
  return refusal('ERR_LIMIT_EXCEEDED', what, path, { limit });
}

function refusal(
  code: 'ERR_ARCHIVE_INVALID' | 'ERR_LIMIT_EXCEEDED',
  what: string,
  path: string | undefined,
  fields: ErrorFields,
): BundleSealError {
  if (path === undefined) return new BundleSealError(code, `the archive ${what}`, fields);
  const shown = printable(path);
  return new BundleSealError(code, `"${shown}" ${what}`, { ...fields, path: shown });
}

/** Makes the error for an input that ends within a structure. */
export function cutShort(offset: number, path?: string): BundleSealError {
  return invalid('is cut short: fetch or make it again', path, { offset });
}

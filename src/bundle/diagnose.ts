// Messages for refused bundles. Loaded only after a bundle was refused.

import { explainBundleFault } from '../format/explain.ts';
import { mayBeDamage, nameDamage, SAMPLE_LENGTH } from '../format/text-damage.ts';
import type { Source } from '../sources/input.ts';

/** Turns a fault into the error with its message. The message also says whether the bundle was transferred as text. */
export async function diagnose(
  fault: unknown,
  fixed: Uint8Array | undefined,
  source: Source | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const error = explainBundleFault(fault);
  if (source === undefined || fixed === undefined || !mayBeDamage(error)) return error;
  const end = Math.min(SAMPLE_LENGTH, source.size);
  try {
    nameDamage(error, source.isLocal ? await source.read(0, end, signal) : fixed);
  } catch {
    // If the first bytes cannot be read again, the message lacks this hint.
  }
  return error;
}

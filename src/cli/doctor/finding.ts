// The findings of doctor.

import { BundleSealError } from '../../errors.ts';
import type { BundleFormat } from '../bundle-formats.ts';
import { inWordsOf } from '../translate-messages.ts';

/** The codes of findings. They are stable, so programs may branch on them. docs/doctor.md explains each. */
type FindingCode =
  | 'NOTHING_FOUND'
  | 'PRIVATE_KEY_FOUND'
  | 'PRIVATE_KEY_REPAIRED'
  | 'PRIVATE_KEY_INVALID'
  | 'PRIVATE_KEY_EMPTY'
  | 'PRIVATE_KEY_PROTECTED'
  | 'PRIVATE_KEY_MISSING'
  | 'PRIVATE_KEY_NOT_NEEDED'
  | 'PRIVATE_KEY_ELSEWHERE'
  | 'PRIVATE_KEYS_DIFFER'
  | 'PUBLIC_KEY_FOUND'
  | 'PUBLIC_KEY_INVALID'
  | 'PUBLIC_KEY_MISMATCH'
  | 'CONFIG_MISSING'
  | 'CONFIG_ELSEWHERE'
  | 'CONFIG_UNREADABLE'
  | 'CONFIG_KEY_FOUND'
  | 'CONFIG_KEY_MISSING'
  | 'CONFIG_KEY_INVALID'
  | 'CONFIG_KEY_MISMATCH'
  | 'CONFIG_KEY_PREVIOUS'
  | 'CONFIG_KEY_MISPLACED'
  | 'CONFIG_PRIVATE_KEY'
  | 'MODULE_KEY_FOUND'
  | 'MODULE_KEY_MISMATCH'
  | 'MODULE_UNREADABLE'
  | 'KEY_FILE_PRIVATE'
  | 'KEY_FILE_EXPOSED'
  | 'KEY_FILE_PUBLISHED'
  | 'KEY_FILE_DENIED'
  | 'KEY_FILE_SERVED'
  | 'GIT_IGNORED'
  | 'GIT_NOT_IGNORED'
  | 'GIT_TRACKED'
  | 'GIT_NONE'
  | 'GIT_UNKNOWN'
  | 'BASE_MISSING'
  | 'LEFTOVER_FILE'
  | 'ROUND_TRIP_PASSED'
  | 'ROUND_TRIP_FAILED';

/** The result of one check. */
export interface Finding {
  readonly code: FindingCode;
  /** `unknown`: the file could not be read. */
  readonly state: 'good' | 'warning' | 'bad' | 'unknown';
  /** The observation. */
  readonly what: string;
  /** The remedy. */
  readonly mend?: string;
  readonly path?: string;
  readonly keyId?: string;
  readonly wire?: BundleFormat['name'];
}

/**
 * Adds the findings of `look`. Turns an error of the library into a finding.
 *
 * @param failed - The finding for an error. The error's message follows `what`.
 */
export async function examine(
  findings: Finding[],
  failed: Finding,
  look: () => Promise<Finding | undefined>,
): Promise<void> {
  try {
    const found = await look();
    if (found !== undefined) findings.push(found);
  } catch (error) {
    if (!(error instanceof BundleSealError)) throw error;
    const message = inWordsOf([], error.message);
    const isNamed = [failed.what, JSON.stringify(failed.what)].some((name) =>
      message.startsWith(name),
    );
    const what = isNamed ? message : `${failed.what}: ${message}`;
    // A file is checked for several keys, but its fault is reported once.
    const isSaid = findings.some((one) => one.code === failed.code && one.what === what);
    if (!isSaid) findings.push({ ...failed, what });
  }
}

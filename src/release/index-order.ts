// The rules of order and time by which a device accepts an index after another one.

import { brandOf } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { checkOptions, describe } from '../options.ts';
import { checkCounter } from './document.ts';
import type { ReleaseIndex } from './index-format.ts';
import { isDigest, isTime } from './members.ts';

/**
 * The mark of an index. A device has to store it for each channel before it acts on the index, and pass it as `after`
 * to the next call. Keep the highest mark by (epoch, sequence).
 */
export interface IndexMark {
  /** The `epoch` of the index. */
  readonly epoch: number;
  /** The `sequence` of the index. */
  readonly sequence: number;
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly issuedAt: string;
  /** SHA-256 of the plain index: 64 lower-case hex characters. */
  readonly sha256: string;
}

export function checkMark(mark: IndexMark, name: string): void {
  checkOptions(name, mark, { epoch: 'any', sequence: 'any', issuedAt: 'any', sha256: 'any' });
  checkCounter(mark.epoch, `${name}.epoch`);
  checkCounter(mark.sequence, `${name}.sequence`);
  if (!isTime(mark.issuedAt)) {
    throw new TypeError(
      `${name}.issuedAt expected a time such as "2026-01-31T12:00:00Z", got ${describe(mark.issuedAt)}`,
    );
  }
  if (!isDigest(mark.sha256)) {
    throw new TypeError(`${name}.sha256 expected 64 lower-case hex characters`);
  }
}

/**
 * Compares two marks: negative if the first is lower, 0 if they have the same place in the order, positive if it is
 * higher.
 */
function compareMarks(
  a: Pick<IndexMark, 'epoch' | 'sequence'>,
  b: Pick<IndexMark, 'epoch' | 'sequence'>,
): number {
  return a.epoch === b.epoch ? a.sequence - b.sequence : a.epoch - b.epoch;
}

/**
 * @param after - The mark of the highest accepted index.
 * @throws {@link BundleSealError} `ERR_INDEX_ROLLED_BACK` for a lower mark, and for a different index with the same
 * epoch and sequence.
 */
export function checkOrder(mark: IndexMark, after: IndexMark): void {
  const order = compareMarks(mark, after);
  const place = `index ${mark.sequence} of epoch ${mark.epoch}`;
  if (order < 0) {
    throw rolledBack(
      `${place} is older than ${after.sequence} of epoch ${after.epoch}, which was accepted before`,
    );
  }
  if (order === 0 && mark.sha256 !== after.sha256) {
    throw rolledBack(`${place} was accepted before with other content`);
  }
}

/**
 * @param now - The current time, in milliseconds since 1970.
 * @throws {@link BundleSealError} `ERR_INDEX_EXPIRED`; `ERR_INDEX_INVALID` if it was issued earlier than the accepted
 * one.
 */
export function checkTime(index: ReleaseIndex, now: number, after: IndexMark | undefined): void {
  const { sequence, epoch, issuedAt, expiresAt } = index;
  // A new epoch of the keys resets the order of times and of numbers.
  const floor = after?.epoch === epoch ? after.issuedAt : undefined;
  // Compares also with the time of the accepted index, so that setting back the clock does not make an expired index
  // valid.
  if (Date.parse(expiresAt) <= now || (floor !== undefined && expiresAt <= floor)) {
    throw new BundleSealError(
      'ERR_INDEX_EXPIRED',
      `the index expired at ${expiresAt}: keep the installed release; the publisher has to refresh the index, or this clock is wrong`,
    );
  }
  if (floor !== undefined && issuedAt < floor) {
    throw new BundleSealError(
      'ERR_INDEX_INVALID',
      `index ${sequence} of epoch ${epoch} was issued at ${issuedAt}, earlier than the previous index (${floor}): correct the publisher's clock and publish it again`,
    );
  }
}

function rolledBack(what: string): BundleSealError {
  return new BundleSealError(
    'ERR_INDEX_ROLLED_BACK',
    `${what}: keep the installed release, and ask another mirror`,
  );
}

/** Returns the time in milliseconds since 1970. @throws `TypeError` if `now` is not a time. */
export function readClock(now: Date | number = Date.now()): number {
  const time = typeof now === 'number' ? now : brandOf(now) === 'Date' ? now.getTime() : Number.NaN;
  if (Number.isFinite(time)) return time;
  throw new TypeError(
    `options.now expected a Date or milliseconds since 1970, got ${describe(now)}`,
  );
}

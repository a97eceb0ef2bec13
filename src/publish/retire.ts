// Which releases leave an index, and how long the store keeps what an index names no more.

import {
  FULL_ROLLOUT,
  type ReleaseEntry,
  type ReleaseIndex,
  type RetiredObject,
} from '../release/index-format.ts';
import { namedBy } from './objects.ts';
import { laterOf } from './refuse.ts';

/**
 * The entries that stay: of each native runtime the first `keep`, and besides the first one that every device of that
 * runtime is offered.
 *
 * @param isHeld - Entries that stay in any case.
 */
export function dropOld(
  releases: readonly ReleaseEntry[],
  keep: number,
  isHeld: (entry: ReleaseEntry) => boolean,
  withdrawn: readonly string[],
): ReleaseEntry[] {
  const counts = new Map<string, number>();
  const offered = new Set<string>();
  return releases.filter((entry) => {
    const kind = JSON.stringify([[...(entry.runtime ?? [])].sort(), entry.requires ?? []]);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const isOffered =
      (entry.rollout ?? FULL_ROLLOUT) === FULL_ROLLOUT && !withdrawn.includes(entry.id);
    const isFirstOffered = isOffered && !offered.has(kind);
    if (isOffered) offered.add(kind);
    return count <= keep || isFirstOffered || isHeld(entry);
  });
}

/**
 * The objects that the store has to keep though the next index may not name them: until every index that named them has
 * expired.
 *
 * Only the index before is known. It names its objects, and `retired` says of each how long indexes before it ran. So where
 * the next index expires before this one, the objects that stay are written down too.
 */
export function retire(
  before: ReleaseIndex | undefined,
  next: Pick<ReleaseIndex, 'releases' | 'issuedAt' | 'expiresAt'>,
): RetiredObject[] {
  const until = new Map<string, string>();
  const keepUntil = (sha256: string, time: string) => {
    until.set(sha256, laterOf(time, until.get(sha256) ?? time));
  };
  for (const one of before?.retired ?? []) {
    if (one.until > next.issuedAt) keepUntil(one.sha256, one.until);
  }
  if (before !== undefined && before.expiresAt > next.issuedAt) {
    const named = namedBy(next.releases);
    for (const sha256 of namedBy(before.releases)) {
      if (!named.has(sha256) || before.expiresAt > next.expiresAt) {
        keepUntil(sha256, before.expiresAt);
      }
    }
  }
  return [...until]
    .map(([sha256, time]) => ({ sha256, until: time }))
    .sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}

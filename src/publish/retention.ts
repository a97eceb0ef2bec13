// Decides for how long the objects of a store have to stay after the index no longer names them. `prune.ts` deletes them
// afterwards.

import type { ReleaseIndex, RetiredObject } from '../release/index-format.ts';
import { namedBy } from './objects.ts';
import { laterOf } from './options.ts';

/**
 * Lists the objects that the store has to keep until every index that named them has expired, even if the next index does not
 * name them.
 *
 * Only the present index is known. It names its objects, and its `retired` holds the expiry of earlier indexes. If the next
 * index expires before the present one, the list therefore contains the objects that both name, too.
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

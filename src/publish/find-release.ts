// Finds the release that a call names by its id or version.

import type { ReleaseEntry, ReleaseIndex } from '../release/index-format.ts';
import { storeError } from './store-error.ts';

/**
 * Finds the entry with this id or version.
 *
 * @param release - Default: the first entry that is not withdrawn.
 * @throws {@link BundleSealError} `ERR_STORE`: no entry has it, or several entries have the version.
 */
export function findRelease(
  { channel, releases, withdrawn = [] }: Pick<ReleaseIndex, 'channel' | 'releases' | 'withdrawn'>,
  release: string | undefined,
): ReleaseEntry {
  if (release === undefined) {
    const first = releases.find(({ id }) => !withdrawn.includes(id));
    if (first !== undefined) return first;
    throw storeError(`the channel ${channel} offers no release`);
  }
  const found = releases.filter(({ id, version }) => id === release || version === release);
  const [entry] = found;
  if (entry === undefined) {
    throw storeError(
      `the channel ${channel} has no release ${JSON.stringify(release)}: it has ${shown(releases)}`,
    );
  }
  if (found.length === 1) return entry;
  throw storeError(
    `the channel ${channel} has ${found.length} releases of version ${JSON.stringify(release)}: name one by its id, ${found.map(({ id }) => id).join(' or ')}`,
  );
}

function shown(releases: readonly ReleaseEntry[]): string {
  return releases.length === 0 ? 'none' : releases.map(({ version }) => version).join(', ');
}

// The entries of an index: the place of a release in the list, the entries that stay, and the entry that a caller names.

import type { OptionRules } from '../options.ts';
import { FULL_ROLLOUT, type ReleaseEntry, type ReleaseIndex } from '../release/index-format.ts';
import { checkFlag, checkNumber } from './options.ts';
import { storeError } from './store-error.ts';
import type { State } from './store-state.ts';

/** Options for patches and for the entries that stay in the index. */
export interface KeepOptions {
  /** The number of entries, from the first one on, from which patches start. Default 5. */
  readonly patches?: number;
  /** The number of releases of each native runtime that stay in the index. Default 10. */
  readonly keep?: number;
  /**
   * Paths of further built-in releases from which patches start: folders of builds, or stamps (`bundleseal-release.json`). A
   * stamp works only if the channel has its release. Default: none.
   */
  readonly builtIn?: readonly string[];
  /**
   * Put the release in front, even if the channel already has it. Devices that run another release then install this one, even if it is older.
   * Default false.
   */
  readonly first?: boolean;
  /** Offer the release again after it was withdrawn. Default false. */
  readonly reinstate?: boolean;
}

export const KEEP_OPTIONS: OptionRules<KeepOptions> = {
  patches: 'any',
  keep: 'any',
  builtIn: 'any',
  first: 'any',
  reinstate: 'any',
};

export const KEEP_DEFAULTS = { patches: 5, keep: 10 } as const;

export function checkKeep({
  patches = KEEP_DEFAULTS.patches,
  keep = KEEP_DEFAULTS.keep,
  first,
  reinstate,
}: KeepOptions): void {
  checkNumber(patches, 'patches', 0, 1000);
  checkNumber(keep, 'keep', 1, 1000);
  checkFlag(first, 'first');
  checkFlag(reinstate, 'reinstate');
}

/** @throws {@link BundleSealError} `ERR_STORE`: the release was withdrawn. */
export function withoutWithdrawal(
  state: Pick<State, 'releases' | 'withdrawn'>,
  id: string,
  reinstate: boolean | undefined,
): readonly string[] {
  if (!state.withdrawn.includes(id)) return state.withdrawn;
  if (reinstate === true) return state.withdrawn.filter((one) => one !== id);
  throw storeError(
    `${withIdOf(id, state.releases)} was withdrawn: pass reinstate: true to offer it again, or build a release that differs`,
  );
}

/** Returns the entries with this one: in its present place, or in front if it is new or `isFirst`. */
export function placed(
  releases: readonly ReleaseEntry[],
  entry: ReleaseEntry,
  isFirst: boolean,
): ReleaseEntry[] {
  const isThere = releases.some(({ id }) => id === entry.id);
  if (isThere && !isFirst) return releases.map((one) => (one.id === entry.id ? entry : one));
  return [entry, ...releases.filter(({ id }) => id !== entry.id)];
}

/**
 * Selects the entries that stay. For each native runtime these are the first `keep` entries, and the first entry that is
 * offered to every device of the runtime.
 *
 * @param isHeld - Entries that stay in any case.
 */
export function dropOld(
  releases: readonly ReleaseEntry[],
  { keep = KEEP_DEFAULTS.keep }: KeepOptions,
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

// Messages show the first 12 characters of an id. Shorter beginnings could be mistaken for versions.
const ID_BEGINNING = /^[0-9a-f]{8,63}$/;

/**
 * Finds the entry with this id or version. If there is none, finds the entry whose id begins with these 8 or more characters.
 *
 * @param release - Default: the first entry that is not withdrawn.
 * @throws {@link BundleSealError} `ERR_STORE` if no entry or several entries match.
 */
export function findRelease(
  { channel, releases, withdrawn }: Pick<ReleaseIndex, 'channel' | 'releases' | 'withdrawn'>,
  release: string | undefined,
): ReleaseEntry {
  if (release === undefined) {
    const first = releases.find(({ id }) => withdrawn?.includes(id) !== true);
    if (first !== undefined) return first;
    throw storeError(
      `the channel ${channel} offers no release: publish one, or name a withdrawn release by its id`,
    );
  }
  const named = releases.filter(({ id, version }) => id === release || version === release);
  const isBeginning = named.length === 0 && ID_BEGINNING.test(release);
  const found = isBeginning ? releases.filter(({ id }) => id.startsWith(release)) : named;
  const [entry] = found;
  if (entry === undefined) {
    throw storeError(
      `the channel ${channel} has no release ${JSON.stringify(release)}: it has ${shown(releases)}`,
    );
  }
  if (found.length === 1) return entry;
  throw storeError(
    `the channel ${channel} has ${found.length} releases ${isBeginning ? 'whose id begins with' : 'of version'} ${JSON.stringify(release)}: name one by its id, ${found.map(withTime).join(' or ')}`,
  );
}

function shown(releases: readonly ReleaseEntry[]): string {
  if (releases.length === 0) return 'none';
  return releases.map((one) => nameOfRelease(one.id, releases)).join(', ');
}

/** Returns the whole id of a release and the time at which it was sealed, which tells releases of one version apart. */
export function withTime({ id, createdAt }: ReleaseEntry): string {
  return `${id} (sealed ${createdAt})`;
}

/** Returns the version of a release and its whole id for messages. An index may have dropped the release, with its version. */
export function withIdOf(id: string, releases: readonly ReleaseEntry[]): string {
  const version = releases.find((one) => one.id === id)?.version;
  return version === undefined ? `the release ${id}` : `release ${version} (${id})`;
}

/** Returns the name of a release for messages: its version, and the beginning of its id if another entry has the same version. */
export function nameOfRelease(id: string, releases: readonly ReleaseEntry[]): string {
  const short = `${id.slice(0, 12)}…`;
  const version = releases.find((one) => one.id === id)?.version;
  if (version === undefined) return `release ${short}`;
  const isAlone = releases.every((one) => one.id === id || one.version !== version);
  return isAlone ? version : `${version} (${short})`;
}

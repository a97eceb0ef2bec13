// The position of a release in the index, and the releases that patches to it start from.

import { stat } from 'node:fs/promises';
import { createPace } from '../archive/pace.ts';
import { selectBackend } from '../backend/select.ts';
import { fileError, onFile, UNREADABLE } from '../files/error.ts';
import { openInputFile } from '../files/input-file.ts';
import { readDirectory } from '../files/read-directory.ts';
import type { OptionRules } from '../options.ts';
import type { ReleaseFile } from '../release/files.ts';
import { idOf } from '../release/id.ts';
import type { ReleaseEntry } from '../release/index-format.ts';
import { MAX_STAMP_LENGTH, readStamp } from '../release/stamp.ts';
import { type Reading, readRelease, releaseFiles } from './objects.ts';
import { checkNumber } from './options.ts';
import { storeError } from './refuse.ts';
import type { State } from './state.ts';
import type { Base } from './ways.ts';

/** Options for patches and for the entries that stay in the index. */
export interface KeepOptions {
  /** The number of entries, from the first one on, that patches are made from. Default 5. */
  readonly patches?: number;
  /** The number of releases of each native runtime that stay in the index. Default 10. */
  readonly keep?: number;
  /**
   * Built-in releases, as folders or as stamps (`bundleseal-release.json`), that patches are made from too. A stamp counts if
   * the channel has its release. Default: none.
   */
  readonly builtIn?: readonly string[];
  /** Put the release in front, even if the channel already has it. Rolls back on purpose. Default false. */
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

const DEFAULTS = { patches: 5, keep: 10 } as const;

export function checkKeep({ patches = DEFAULTS.patches, keep = DEFAULTS.keep }: KeepOptions): void {
  checkNumber(patches, 'patches', 0, 1000);
  checkNumber(keep, 'keep', 1, 1000);
}

/** @throws {@link BundleSealError} `ERR_STORE`: the release was withdrawn. */
export function withoutWithdrawal(
  state: Pick<State, 'withdrawn'>,
  id: string,
  reinstate: boolean | undefined,
): readonly string[] {
  if (!state.withdrawn.includes(id)) return state.withdrawn;
  if (reinstate === true) return state.withdrawn.filter((one) => one !== id);
  throw storeError(`the release ${id} was withdrawn: pass reinstate: true to offer it again`);
}

/** A built-in release: its files, or its stamp. */
export interface BuiltInBase {
  readonly id: string;
  readonly files?: readonly ReleaseFile[];
}

export async function readBuiltIn(
  { builtIn = [] }: KeepOptions,
  signal: AbortSignal | undefined,
): Promise<BuiltInBase[]> {
  const found: BuiltInBase[] = [];
  for (const path of builtIn) {
    if ((await onFile(path, UNREADABLE, stat(path))).isDirectory()) {
      const read = await readDirectory(path, { privateKeys: 'allow', ...(signal && { signal }) });
      const files = await releaseFiles(read, signal);
      found.push({ id: await idOf(files, await selectBackend(), createPace(signal)), files });
    } else {
      found.push({ id: readStamp(await readStampFile(path, signal)).id });
    }
  }
  return found;
}

async function readStampFile(path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const file = await openInputFile(path, signal);
  try {
    if (file.size <= MAX_STAMP_LENGTH) return await file.read(0, file.size);
  } finally {
    await file.close();
  }
  throw fileError(path, 'is too large for a stamp: name the folder of a build, or its stamp');
}

/** The releases that new patches to `target` start from: those without a patch yet. */
export function basesFor(
  target: Pick<ReleaseEntry, 'id' | 'patches'>,
  releases: readonly ReleaseEntry[],
  builtIn: readonly BuiltInBase[],
  { patches = DEFAULTS.patches }: KeepOptions,
  reading: Reading,
): Base[] {
  const bases = new Map<string, Base>();
  const others = releases.filter(({ id }) => id !== target.id);
  const held = others.filter(({ id }) => builtIn.some((one) => one.id === id));
  for (const entry of [...others.slice(0, patches), ...held]) {
    bases.set(entry.id, { id: entry.id, load: () => readRelease(entry, reading) });
  }
  for (const { id, files } of builtIn) {
    if (files !== undefined) bases.set(id, { id, load: async () => files });
  }
  bases.delete(target.id);
  for (const { from } of target.patches) bases.delete(from);
  return [...bases.values()];
}

/** The entries including this one: in its present place, or in front if it is new. */
export function placed(
  releases: readonly ReleaseEntry[],
  entry: ReleaseEntry,
  isFirst: boolean,
): ReleaseEntry[] {
  const isThere = releases.some(({ id }) => id === entry.id);
  if (isThere && !isFirst) return releases.map((one) => (one.id === entry.id ? entry : one));
  return [entry, ...releases.filter(({ id }) => id !== entry.id)];
}

export function keepOf({ keep = DEFAULTS.keep }: KeepOptions): number {
  return keep;
}

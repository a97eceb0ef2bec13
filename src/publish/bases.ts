// Finds the releases from which patches start: entries of the index, and built-in releases of apps.

import { stat } from 'node:fs/promises';
import { selectBackend } from '../backend/select.ts';
import { BundleSealError } from '../errors.ts';
import { fileError, onFile, UNREADABLE } from '../files/error.ts';
import { openInputFile } from '../files/input-file.ts';
import { readDirectory } from '../files/read-directory.ts';
import { type ReleaseFile, UNLIMITED } from '../release/files.ts';
import type { ReleaseEntry } from '../release/index-format.ts';
import { releaseIdOf } from '../release/release-id-of-files.ts';
import { MAX_STAMP_LENGTH, readStamp } from '../release/stamp.ts';
import { createPace } from '../turn.ts';
import { KEEP_DEFAULTS, type KeepOptions } from './index-entries.ts';
import { type ObjectReading, readRelease, releaseFiles } from './objects.ts';
import type { Base } from './patches.ts';

/** A built-in release. */
export interface BuiltInBase {
  readonly id: string;
  /** Absent if only the stamp is known. */
  readonly files?: readonly ReleaseFile[];
}

/** Reads each built-in release from its folder, or its id from its stamp. */
export async function readBuiltIn(
  { builtIn = [] }: KeepOptions,
  signal: AbortSignal | undefined,
): Promise<BuiltInBase[]> {
  const found: BuiltInBase[] = [];
  for (const path of builtIn) {
    if ((await onFile(path, UNREADABLE, stat(path))).isDirectory()) {
      // No limits: the publisher has shipped this build, perhaps with raised limits.
      const rules = { privateKeys: 'allow', ...UNLIMITED } as const;
      const read = await readDirectory(path, { ...rules, signal });
      const files = await releaseFiles(read, signal);
      found.push({
        id: await releaseIdOf(files, await selectBackend(), createPace(signal)),
        files,
      });
    } else {
      found.push({ id: stampIn(path, await readStampFile(path, signal)).id });
    }
  }
  return found;
}

/** Parses a stamp. The error names the file, because the message of a stamp addresses the owner of a device. */
function stampIn(path: string, bytes: Uint8Array): ReturnType<typeof readStamp> {
  try {
    return readStamp(bytes);
  } catch (error) {
    if (!(error instanceof BundleSealError) || error.code !== 'ERR_INDEX_INVALID') throw error;
    const [fault] = error.message.split(':');
    throw new BundleSealError(
      error.code,
      `${JSON.stringify(path)} is no stamp of this version (${fault}): pass the folder of the build, or its bundleseal-release.json`,
      { path, cause: error },
    );
  }
}

async function readStampFile(path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const file = await openInputFile(path, signal);
  try {
    if (file.size <= MAX_STAMP_LENGTH) return await file.read(0, file.size);
  } finally {
    await file.close();
  }
  throw fileError(
    path,
    'is too large for a stamp: pass the folder of a build, or its bundleseal-release.json',
  );
}

/** Lists the releases from which `target` should have a patch and has none yet. */
export function basesFor(
  target: Pick<ReleaseEntry, 'id' | 'patches'>,
  releases: readonly ReleaseEntry[],
  builtIn: readonly BuiltInBase[],
  { patches = KEEP_DEFAULTS.patches }: KeepOptions,
  reading: ObjectReading,
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

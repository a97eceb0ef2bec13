// A release in the store: what lies beside its files, and a reader that proves each file before it hands it out.

import type { Backend } from '../backend/backend.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { STAMP } from '../release/paths.ts';
import { type ReleaseStamp, readStamp, type StampFile, writeStamp } from '../release/stamp.ts';
import { encodeText } from '../utf8.ts';
import type { ReleaseFileInfo, ReleaseReader } from './release-store.ts';
import { storeError } from './store-error.ts';

/** A release whose list of files is the one that its id names. */
export interface OpenedRelease {
  readonly stamp: ReleaseStamp;
  readonly digests: readonly StampFile[];
  readonly reader: ReleaseReader;
  /** Whether these are the files that the app was shipped with, where they lie. */
  readonly isShipped: boolean;
}

/** The id that these files have: see `releaseId`. The list has to be in the order of the UTF-8 bytes of the paths. */
export async function idOfList(files: readonly StampFile[], backend: Backend): Promise<string> {
  const lines = files.map(({ sha256, path }) => `${sha256}  ${path}\n`);
  return toHex(await backend.sha256(encodeText(lines.join(''))));
}

/** What is written beside the files of a release: a stamp, which is part of no release. */
export function describeInstalled(stamp: ReleaseStamp): { path: string; bytes: Uint8Array } {
  return { path: STAMP, bytes: writeStamp(stamp) };
}

/**
 * Opens a release of the store. Its list of files is proven by the id.
 *
 * @throws {@link BundleSealError} `ERR_STORE`: it is not there, or its list is not that of its id.
 */
export async function openInstalled(
  open: () => Promise<ReleaseReader>,
  id: string,
  backend: Backend,
): Promise<OpenedRelease> {
  const reader = await storeError(`release ${id} could not be opened`, open);
  const bytes = await storeError(`the list of release ${id} could not be read`, () =>
    reader.read(STAMP),
  );
  let stamp: ReleaseStamp;
  try {
    stamp = readStamp(bytes);
  } catch (cause) {
    throw altered(`the list of release ${id}`, cause);
  }
  const digests = stamp.files ?? [];
  if (stamp.id !== id || (await idOfList(digests, backend)) !== id) {
    throw altered(`the list of release ${id}`);
  }
  return { stamp, digests, reader, isShipped: false };
}

/**
 * Reads files that are proven on their first use in this process. A file of another release, or of none, is never read.
 *
 * @param onDamage - Is told once that a file is missing or is not the one that was installed.
 */
export function provenReader(
  { digests, reader }: Pick<OpenedRelease, 'digests' | 'reader'>,
  backend: Backend,
  verify: boolean,
  onDamage: (error: unknown) => void,
): ReleaseReader {
  const byPath = new Map(digests.map((file) => [file.path, file]));
  const proven = new Set<string>();
  return {
    list: async (): Promise<ReleaseFileInfo[]> => [...digests],
    async read(path) {
      const file = byPath.get(path);
      if (file === undefined) {
        throw new BundleSealError('ERR_STORE', `the release has no file "${path}"`, { path });
      }
      try {
        const bytes = await storeError(`"${path}" could not be read`, () => reader.read(path));
        if (verify && !proven.has(path)) {
          if (bytes.length !== file.size || toHex(await backend.sha256(bytes)) !== file.sha256) {
            throw altered(`"${path}"`);
          }
          proven.add(path);
        }
        return bytes;
      } catch (error) {
        onDamage(error);
        throw error;
      }
    },
  };
}

function altered(what: string, cause?: unknown): BundleSealError {
  return new BundleSealError(
    'ERR_STORE',
    `${what} is not what was installed: something else wrote to the store; the updater installs the release anew`,
    { cause },
  );
}

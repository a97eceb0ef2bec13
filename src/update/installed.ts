// Installed releases: the stamp beside their files, and a reader that verifies each file before it returns it.

import type { Backend } from '../backend/backend.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import {
  type ReleaseStamp,
  readStamp,
  STAMP,
  type StampFile,
  writeStamp,
} from '../release/stamp.ts';
import { encodeText } from '../utf8.ts';
import type { ReleaseFileInfo, ReleaseReader } from './release-store.ts';
import { onStore } from './store-error.ts';

/** An opened release. Its list of files gives its id. */
export interface OpenedRelease {
  readonly stamp: ReleaseStamp;
  readonly digests: readonly StampFile[];
  readonly reader: ReleaseReader;
  /** True if the files are read from the app's own build, not from the store. */
  readonly isShipped: boolean;
}

/** Computes a release id from digests, as `releaseId` does from files. The list must be in the order of the UTF-8 bytes of the paths. */
export async function idOfList(files: readonly StampFile[], backend: Backend): Promise<string> {
  const lines = files.map(({ sha256, path }) => `${sha256}  ${path}\n`);
  return toHex(await backend.sha256(encodeText(lines.join(''))));
}

/** Makes the stamp that the store keeps beside the files of a release. It is not part of the release. */
export function describeInstalled(stamp: ReleaseStamp): { path: string; bytes: Uint8Array } {
  return { path: STAMP, bytes: writeStamp(stamp) };
}

/**
 * Opens an installed release, and checks that its list of files gives the id.
 *
 * @throws {@link BundleSealError} `ERR_STORE` if the release is missing, or its list gives another id.
 */
export async function openInstalled(
  open: () => Promise<ReleaseReader>,
  id: string,
  backend: Backend,
): Promise<OpenedRelease> {
  const reader = await onStore(`release ${id} could not be opened`, open);
  const bytes = await onStore(`the list of release ${id} could not be read`, () =>
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

/** When a reader compares a file with its digest. `'first'`: when it first reads the file in this process. */
type Verification = 'never' | 'first' | 'always';

/**
 * Reads the files of a release, and compares them with their digests.
 *
 * @param onDamage - Called when a file is missing or has other bytes than were installed.
 */
export function provenReader(
  { digests, reader }: Pick<OpenedRelease, 'digests' | 'reader'>,
  backend: Backend,
  verify: Verification,
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
        const bytes = await onStore(`"${path}" could not be read`, () => reader.read(path));
        if (verify === 'always' || (verify === 'first' && !proven.has(path))) {
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
    `${what} differs from the installed file: another program wrote to the store. The updater installs the release again`,
    { cause },
  );
}

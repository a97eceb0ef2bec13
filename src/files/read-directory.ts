// Reads the files of a folder into memory, for publishing a build.

import {
  checkEntryCount,
  createMeter,
  LIMIT_OPTIONS,
  readLimits,
  toWriter,
  type ZipLimits,
} from '../archive/format/zip-limits.ts';
import type { OptionRules } from '../options.ts';
import { findPublishedKey } from './find-leaked-key.ts';
import { holdTree } from './held-tree.ts';
import { listTree, openFound } from './list-folder.ts';
import {
  FOLDER_RULES,
  type FolderRules,
  readRules,
  realFolder,
  refusePrivateKey,
} from './zip-directory.ts';

/** The rules and limits by which a call reads a folder. */
export interface ReadDirectoryOptions extends FolderRules, ZipLimits {
  /** Aborts the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of {@link readDirectory}. */
export const FOLDER_OPTIONS: OptionRules<ReadDirectoryOptions> = {
  ...FOLDER_RULES,
  ...LIMIT_OPTIONS,
  signal: 'signal',
};

/**
 * Reads the files of a folder by the rules of `zipDirectory`: it leaves out and refuses the same files, and follows
 * no link.
 *
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED`, `ERR_FILE`.
 */
export async function readDirectory(
  dir: string,
  options: ReadDirectoryOptions,
): Promise<Map<string, Uint8Array>> {
  const rules = readRules(options);
  const limits = readLimits(options);
  const meter = createMeter(limits, toWriter);
  const files = new Map<string, Uint8Array>();
  const tree = await holdTree(await realFolder(dir));
  try {
    for await (const found of listTree(tree, rules)) {
      options.signal?.throwIfAborted();
      const { path, size } = found;
      // Checks the limits before it allocates memory.
      checkEntryCount(limits, files.size + 1, path, toWriter);
      meter({ path, by: size, size, compressedSize: undefined });
      const file = await openFound(tree, found);
      try {
        const bytes = await file.read(0, file.size);
        if (options.privateKeys !== 'allow') refusePrivateKey(path, findPublishedKey(path, bytes));
        await file.checkUnchanged();
        files.set(path, bytes);
      } finally {
        await file.close();
      }
    }
  } finally {
    await tree.close();
  }
  return files;
}

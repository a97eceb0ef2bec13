// Makes the patches to a release from the releases that devices have, several at once.

import { availableParallelism, freemem } from 'node:os';
import { selectBackend } from '../backend/select.ts';
import { encryptObject } from '../bundle/encrypt.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import type { PrivateKeyInput } from '../keys/strict.ts';
import type { Progress } from '../options.ts';
import { type CodedPatch, codePatch } from '../release/code-patch.ts';
import type { ReleaseFile } from '../release/files.ts';
import { imageLength } from '../release/image.ts';
import type { ReleasePatch } from '../release/index-format.ts';
import { readPatchLimits } from '../release/patch-limits.ts';
import type { Signer } from '../seal/signing-key.ts';
import type { NewObject } from './change-index.ts';
import type { PatchThread } from './patch-thread.ts';

/** A release that a patch may start from. */
export interface Base {
  readonly id: string;
  load(): Promise<readonly ReleaseFile[]>;
}

/** A patch that was not made, and why. */
export interface SkippedPatch {
  /** The id of the release that the patch would start from. */
  readonly from: string;
  /**
   * `no gain`: the patch would have at least 90 % of the size of the bundle. `too large`: devices do not patch images of this
   * size. `unreadable`: the store lacks the bundle of that release, or has another file in its place.
   */
  readonly reason: 'no gain' | 'too large' | 'unreadable';
  /** For `unreadable`: why the bundle cannot be read. */
  readonly message?: string;
}

export interface MadePatches {
  readonly patches: ReleasePatch[];
  readonly objects: NewObject[];
  readonly skipped: SkippedPatch[];
}

export interface PatchOptions {
  readonly privateKey: PrivateKeyInput | Signer;
  readonly appId: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the progress of all patches together, in bytes of the new image. */
  readonly onBytes: (done: number) => void;
  /** The number of threads that make patches. 0: the calling thread makes them. Default: {@link threadsFor}. */
  readonly threads?: number;
}

// A patch is kept if it is smaller than this share of the bundle.
const GAIN = 0.9;

// The smallest image, in bytes, for which threads are started. For a smaller one, a patch takes less time than the start.
const THREADED_IMAGE = 2 ** 20;
const MOST_THREADS = 4;
// Bytes. The most memory of all patches together, and the memory of one patch: for each byte of its two images, and in addition.
const MOST_MEMORY = 2 ** 30;
const MEMORY_PER_BYTE = 4;
const MEMORY_PER_PATCH = 2 ** 26;

/**
 * Makes a patch from each base and keeps the patches that save bytes. The number of threads changes neither the patches nor their
 * order.
 */
export async function makePatches(
  files: readonly ReleaseFile[],
  bundleSize: number,
  bases: readonly Base[],
  options: PatchOptions,
): Promise<MadePatches> {
  const length = imageLength(files);
  const { threads = threadsFor(bases.length, length) } = options;
  const made: Made[] = [];
  const done = bases.map(() => 0);
  const tell = (index: number, bytes: number) => {
    done[index] = bytes;
    options.onBytes(done.reduce((sum, one) => sum + one, 0));
  };
  let next = 0;
  const work = async ({ signal, thread }: Pick<PatchWork, 'signal' | 'thread'>) => {
    for (let index = next++; index < bases.length; index = next++) {
      const onBytes = (bytes: number) => tell(index, bytes);
      const base = bases[index] as Base;
      made[index] = await makePatch(files, bundleSize, base, {
        ...options,
        onBytes,
        signal,
        thread,
      });
      tell(index, length);
    }
  };
  if (threads === 0) {
    await work(options);
  } else {
    // This module contains the code of the thread as text, so it is loaded only if threads are used.
    const { withThreads } = await import('./patch-thread.ts');
    await withThreads(threads, options.signal, work);
  }
  return {
    patches: made.flatMap((one) => ('reason' in one ? [] : [one.patch])),
    objects: made.flatMap((one) => ('reason' in one ? [] : [one.object])),
    skipped: made.filter((one) => 'reason' in one),
  };
}

/** Returns the number of threads for this many patches to an image, so that they fit into memory. 0: use no threads. */
export function threadsFor(
  patches: number,
  length: number,
  {
    cores = availableParallelism(),
    memory = freemem(),
  }: { readonly cores?: number; readonly memory?: number } = {},
): number {
  const each = MEMORY_PER_BYTE * 2 * length + MEMORY_PER_PATCH;
  const fitting = Math.floor(Math.min(MOST_MEMORY, memory / 2) / each);
  const threads = Math.min(patches, cores, MOST_THREADS, fitting);
  return length < THREADED_IMAGE || threads < 2 ? 0 : threads;
}

type Made = SkippedPatch | { readonly patch: ReleasePatch; readonly object: NewObject };

interface PatchWork extends Pick<PatchOptions, 'privateKey' | 'appId' | 'signal' | 'onBytes'> {
  /** Default: the calling thread. */
  readonly thread?: PatchThread | undefined;
}

async function makePatch(
  files: readonly ReleaseFile[],
  bundleSize: number,
  { id: from, load }: Base,
  work: PatchWork,
): Promise<Made> {
  const { privateKey, appId, signal } = work;
  const { imageSize } = readPatchLimits();
  if (imageLength(files) > imageSize) return { from, reason: 'too large' };
  let base: readonly ReleaseFile[];
  try {
    base = await load();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof BundleSealError)) throw error;
    return { from, reason: 'unreadable', message: error.message };
  }
  signal?.throwIfAborted();
  if (imageLength(base) > imageSize) return { from, reason: 'too large' };
  const { plain } = await code(base, files, work);
  if (plain.length >= GAIN * bundleSize) return { from, reason: 'no gain' };
  const sealing = { privateKey, metadata: { appId }, signal };
  const { bytes } = await encryptObject(plain, sealing, 'patch');
  if (bytes.length >= GAIN * bundleSize) return { from, reason: 'no gain' };
  const sha256 = toHex(await (await selectBackend()).sha256(bytes));
  return { patch: { from, sha256, size: bytes.length }, object: { sha256, bytes } };
}

/** Codes the patch in the thread. If that thread dies, codes it in the calling thread. */
async function code(
  base: readonly ReleaseFile[],
  files: readonly ReleaseFile[],
  { thread, signal, onBytes }: PatchWork,
): Promise<CodedPatch> {
  const onProgress = ({ done }: Progress) => onBytes(done);
  const options = { signal, onProgress };
  if (thread !== undefined) {
    try {
      return await codePatch(base, files, { ...options, encode: thread.encode });
    } catch (error) {
      signal?.throwIfAborted();
      const { LostThread } = await import('./patch-thread.ts');
      if (!(error instanceof LostThread)) throw error;
    }
  }
  return codePatch(base, files, options);
}

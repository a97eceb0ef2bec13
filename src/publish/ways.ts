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
import type { NewObject } from './change.ts';
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
   * `no gain`: the patch would take 90 % of the bundle or more. `too large`: devices do not patch images of this size.
   * `unreadable`: the bundle of that release is missing in the store, or is another file than the index names.
   */
  readonly reason: 'no gain' | 'too large' | 'unreadable';
  /** The fault of the bundle. */
  readonly message?: string;
}

export interface Ways {
  readonly patches: ReleasePatch[];
  readonly objects: NewObject[];
  readonly skipped: SkippedPatch[];
}

export interface WayOptions {
  readonly privateKey: PrivateKeyInput | Signer;
  readonly appId: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the progress of all patches together, in bytes of the new image. */
  readonly onBytes: (done: number) => void;
  /** Threads to make patches with; 0: in this one. Default: {@link threadsFor}. */
  readonly threads?: number;
}

// A patch is kept if it takes less than this share of the bundle.
const GAIN = 0.9;

// Bytes of an image from which on threads are started. A smaller patch is made before a thread has started.
const WORTH = 2 ** 20;
const MOST_THREADS = 4;
// Memory that the patches take together at most, and what one takes: for each byte of its two images, and besides.
const MOST_MEMORY = 2 ** 30;
const MEMORY_A_BYTE = 4;
const MEMORY_A_PATCH = 2 ** 26;

/**
 * Makes a patch from each base and keeps the patches that save bytes. The number of threads changes neither the patches nor their
 * order.
 */
export async function makeWays(
  files: readonly ReleaseFile[],
  bundleSize: number,
  bases: readonly Base[],
  options: WayOptions,
): Promise<Ways> {
  const length = imageLength(files);
  const { threads = threadsFor(bases.length, length) } = options;
  const made: Made[] = [];
  const done = bases.map(() => 0);
  const tell = (index: number, bytes: number) => {
    done[index] = bytes;
    options.onBytes(done.reduce((sum, one) => sum + one, 0));
  };
  let next = 0;
  const work = async ({ signal, thread }: Pick<WayWork, 'signal' | 'thread'>) => {
    for (let index = next++; index < bases.length; index = next++) {
      const onBytes = (bytes: number) => tell(index, bytes);
      const base = bases[index] as Base;
      made[index] = await makeWay(files, bundleSize, base, { ...options, onBytes, signal, thread });
      tell(index, length);
    }
  };
  if (threads === 0) {
    await work(options);
  } else {
    // It has the code of the thread as a text, so only a publisher of several patches loads it.
    const { withThreads } = await import('./patch-thread.ts');
    await withThreads(threads, options.signal, work);
  }
  return {
    patches: made.flatMap((one) => ('reason' in one ? [] : [one.patch])),
    objects: made.flatMap((one) => ('reason' in one ? [] : [one.object])),
    skipped: made.filter((one) => 'reason' in one),
  };
}

/** Threads that make this many patches to an image, within the memory that may be taken. */
export function threadsFor(
  patches: number,
  length: number,
  {
    cores = availableParallelism(),
    memory = freemem(),
  }: { readonly cores?: number; readonly memory?: number } = {},
): number {
  const each = MEMORY_A_BYTE * 2 * length + MEMORY_A_PATCH;
  const fitting = Math.floor(Math.min(MOST_MEMORY, memory / 2) / each);
  const threads = Math.min(patches, cores, MOST_THREADS, fitting);
  return length < WORTH || threads < 2 ? 0 : threads;
}

type Made = SkippedPatch | { readonly patch: ReleasePatch; readonly object: NewObject };

interface WayWork extends Pick<WayOptions, 'privateKey' | 'appId' | 'signal' | 'onBytes'> {
  /** Default: this one. */
  readonly thread?: PatchThread | undefined;
}

async function makeWay(
  files: readonly ReleaseFile[],
  bundleSize: number,
  { id: from, load }: Base,
  work: WayWork,
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
  const sealing = { privateKey, metadata: { appId }, ...(signal && { signal }) };
  const { bytes } = await encryptObject(plain, sealing, 'patch');
  if (bytes.length >= GAIN * bundleSize) return { from, reason: 'no gain' };
  const sha256 = toHex(await (await selectBackend()).sha256(bytes));
  return { patch: { from, sha256, size: bytes.length }, object: { sha256, bytes } };
}

/** Codes the patch in the thread, or in this one if that dies. */
async function code(
  base: readonly ReleaseFile[],
  files: readonly ReleaseFile[],
  { thread, signal, onBytes }: WayWork,
): Promise<CodedPatch> {
  const onProgress = ({ done }: Progress) => onBytes(done);
  const options = { ...(signal && { signal }), onProgress };
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

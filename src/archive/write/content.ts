// Reads the files for an archive in every form that callers may pass.

import { brandOf, bytesIn } from '../../bytes.ts';
import { BundleSealError } from '../../errors.ts';
import { describe, isRecord } from '../../options.ts';
import { type BundleInput, isBlob, openInput } from '../../sources/input.ts';
import { type ByteStream, openStream, type StreamReader } from '../../sources/stream.ts';
import { unawaited, untilAborted } from '../../turn.ts';
import { comparePaths, createPathSet, pathFault } from '../format/paths.ts';
import { printable } from '../format/printable.ts';
import { invalid } from '../format/refuse.ts';
import { checkEntryCount, createMeter, type Limits, toWriter } from '../format/zip-limits.ts';

/** A file's content. A stream is read once. */
export type ZipContent = BundleInput | ByteStream;

/** A file's content, or a function that opens it when its turn comes. */
export type ZipData = ZipContent | (() => ZipContent | Promise<ZipContent>);

/** A file to be written. */
export interface ZipInput {
  /** Relative to the zipped folder, with "/" between folders. */
  readonly path: string;
  /**
   * The content. A function is called when the file's turn comes, so that not all files are open at once. An error
   * that it throws ends the archive.
   */
  readonly data: ZipData;
}

/** Files by path, or an iterable of `{ path, data }` or of pairs, for example a `Map`. */
export type ZipEntries =
  | Readonly<Record<string, ZipData>>
  | Iterable<ZipInput | readonly [path: string, data: ZipData]>
  | AsyncIterable<ZipInput | readonly [path: string, data: ZipData]>;

export interface Planned {
  readonly path: string;
  readonly data: ZipData;
}

/** @throws `TypeError` if the value cannot be a collection of files. */
export function checkEntries(entries: ZipEntries): void {
  if (typeof entries === 'object' && entries !== null && !isBlob(entries)) {
    if (ArrayBuffer.isView(entries) || brandOf(entries) === 'ArrayBuffer') throw notFiles(entries);
    // Without this check, a promise or a date would count as an empty collection.
    if (isIterable(entries) || isRecord(entries)) return;
  }
  throw notFiles(entries);
}

function notFiles(entries: unknown): TypeError {
  return new TypeError(
    `entries expected files by path or an iterable of { path, data }, got ${describe(entries)}`,
  );
}

/**
 * Returns all files in the order of the bytes of their paths. Checks them against the limits as far as possible
 * without reading contents.
 *
 * @param taken - Receives the files as they arrive, also if one of them is refused later.
 */
export async function planEntries(
  entries: ZipEntries,
  taken: Planned[],
  limits: Limits,
  signal: AbortSignal | undefined,
): Promise<void> {
  const paths = createPathSet();
  const meter = createMeter(limits, toWriter);
  for await (const item of unawaitedReturn(listed(entries))) {
    const { path, data } = readItem(item);
    if (signal?.aborted) {
      // A file that arrives after the abort was not released with the others.
      drop(data, signal.reason);
      throw signal.reason;
    }
    const fault = path.endsWith('/') ? FOLDER : (pathFault(path) ?? paths.add(path, false));
    taken.push({ path, data });
    if (fault !== undefined) throw invalid(fault, path);
    checkEntryCount(limits, taken.length, path, toWriter);
    const size = sizeOf(data);
    // Checks the claimed size first, so that a file over the limits is refused at once. Reading counts the actual
    // bytes.
    if (Number.isFinite(size)) meter({ path, by: size, size, compressedSize: undefined });
  }
  taken.sort((a, b) => comparePaths(a.path, b.path));
}

/**
 * Yields the same items. If the iteration ends early, calls `return` of the iterable but does not await it, because
 * it may never settle.
 */
async function* unawaitedReturn(items: Iterable<unknown> | AsyncIterable<unknown>) {
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let isOver = false;
  const next = async () => {
    // An iterator whose `next` fails has ended.
    isOver = true;
    const result = await iterator.next();
    // `for await` also awaits the items of a synchronous iterable.
    const item = { done: result.done, value: await result.value };
    isOver = result.done === true;
    return item;
  };
  try {
    for (let item = await next(); !item.done; item = await next()) yield item.value;
  } finally {
    if (!isOver) unawaited(() => iterator.return?.());
  }
}

const FOLDER = 'is a folder: pass its files, folders need no entries';

function listed(entries: ZipEntries): Iterable<unknown> | AsyncIterable<unknown> {
  return isIterable(entries) ? entries : Object.entries(entries);
}

function isIterable(entries: ZipEntries): entries is Exclude<ZipEntries, Record<string, ZipData>> {
  return Symbol.iterator in entries || Symbol.asyncIterator in entries;
}

function fieldsOf(item: unknown): Partial<ZipInput> {
  return Array.isArray(item) ? { path: item[0], data: item[1] } : ((item ?? {}) as object);
}

function readItem(item: unknown): ZipInput {
  const { path, data } = fieldsOf(item);
  if (typeof path !== 'string') {
    throw new TypeError(
      `entries expected to give { path, data } or [path, data], got ${describe(item)}`,
    );
  }
  if (!isContent(data) && typeof data !== 'function') throw wrongContent(path, data);
  return { path, data };
}

function isContent(data: unknown): data is ZipContent {
  if (isStream(data) || isOwnContent(data)) return true;
  return bytesIn(data) !== undefined || isBlob(data);
}

function isStream(data: unknown): data is ByteStream {
  return typeof (data as Partial<ReadableStream> | null | undefined)?.getReader === 'function';
}

function wrongContent(path: string, data: unknown): TypeError {
  return new TypeError(
    `the data of "${printable(path)}" expected a Uint8Array, ArrayBuffer, Blob, ReadableStream or a function that gives one, got ${describe(data)}`,
  );
}

/** Sum of the sizes that are known before the contents are read. */
export function totalSize(files: readonly Planned[]): number {
  return files.reduce((sum, { data }) => sum + sizeOf(data), 0);
}

function sizeOf(data: ZipData): number {
  if (isOwnContent(data)) return data.file.size;
  if (typeof data === 'function' || isStream(data)) return Number.POSITIVE_INFINITY;
  return 'byteLength' in data ? data.byteLength : data.size;
}

/** Reads a content. */
export interface ContentReader extends Pick<StreamReader, 'take' | 'close'> {
  /** Whether no other code can access the memory of its pieces. */
  readonly isPrivate?: boolean;
  /** Whether the archive leaves the file out. Known after the first `take`. */
  readonly isLeftOut?: boolean;
}

const OPEN = Symbol('open');

/** What the generator of an own content returns, before any piece, to leave the file out of the archive. */
export const LEFT_OUT: unique symbol = Symbol('left out');

/** The pieces of an own content. */
export type OwnPieces = AsyncGenerator<Uint8Array, typeof LEFT_OUT | undefined>;

/**
 * Makes a content from pieces, for code within the library. It needs no stream, because creating one takes longer
 * than deflating some KiB. It refers to the file and to a function that all files share, because a closure for each
 * file would take 100 bytes.
 *
 * @param file - Its size in bytes, as far as it is known before the pieces are read.
 * @param open - Returns pieces in memory that no other code can access, which may be loans of the writer's memory. All
 * except the last have the same length, and a piece of the deflater is a multiple of it.
 */
export function ownContent<T extends Sized>(file: T, open: (file: T) => OwnPieces): ZipContent {
  const content = { [OPEN]: open, file };
  return content as unknown as ZipContent;
}

interface Sized {
  readonly size: number;
}

interface OwnContent {
  readonly [OPEN]: (file: Sized) => OwnPieces;
  readonly file: Sized;
}

function isOwnContent(data: unknown): data is OwnContent {
  return typeof (data as Partial<OwnContent> | null | undefined)?.[OPEN] === 'function';
}

function ownReader(content: OwnContent): ContentReader {
  const pieces = content[OPEN](content.file);
  const reader = {
    isPrivate: true,
    isLeftOut: false,
    async take(_length: number, signal?: AbortSignal) {
      const { done, value } = await untilAborted(pieces.next(), signal);
      reader.isLeftOut = value === LEFT_OUT;
      return done ? new Uint8Array(0) : value;
    },
    async close(reason: unknown) {
      if (reason !== undefined) await pieces.return(undefined);
    },
  };
  return reader;
}

/** Opens a content for reading in pieces of any length. Its errors name the path. */
export async function openContent(
  { path, data }: Planned,
  signal: AbortSignal | undefined,
): Promise<ContentReader> {
  const content = typeof data === 'function' ? await opened(path, data, signal) : data;
  if (isOwnContent(content)) return ownReader(content);
  if (!isContent(content)) throw wrongContent(path, content);
  const reader = isStream(content) ? openStream(content) : inputReader(content);
  return {
    ...reader,
    async take(length, stop) {
      try {
        return await reader.take(length, stop);
      } catch (error) {
        throw error instanceof BundleSealError ? named(path, error) : error;
      }
    },
  };
}

async function opened(
  path: string,
  open: () => ZipContent | Promise<ZipContent>,
  signal: AbortSignal | undefined,
): Promise<ZipContent> {
  const opening = (async () => open())();
  try {
    return await untilAborted(opening, signal);
  } catch (cause) {
    if (signal?.aborted) {
      // The content may still be opened later. It is cancelled then.
      unawaited(() => opening.then((late) => drop(late, signal.reason)));
      throw signal.reason;
    }
    if (cause instanceof BundleSealError) throw named(path, cause);
    // Any error counts as a failed source, also a TypeError: fetch rejects with one if the device is offline.
    throw sourceFailed(path, 'it could not be opened', cause);
  }
}

function inputReader(content: BundleInput): ContentReader {
  const source = openInput(content, 'data');
  let at = 0;
  return {
    async take(length, signal) {
      const from = at;
      at = Math.min(source.size, at + length);
      if (from === at) return new Uint8Array(0);
      return source.read(from, at, signal);
    },
    close: async () => {},
  };
}

/** Adds the path to the error of a content that cannot be read. Other errors are thrown unchanged. */
function named(path: string, error: BundleSealError): BundleSealError {
  return error.code === 'ERR_SOURCE_FAILED'
    ? sourceFailed(path, error.message, error.cause ?? error)
    : error;
}

function sourceFailed(path: string, why: string, cause: unknown): BundleSealError {
  const shown = printable(path);
  return new BundleSealError('ERR_SOURCE_FAILED', `"${shown}": ${why}`, { path: shown, cause });
}

/** Returns the files of a collection in memory, unchecked. Does not iterate over iterables. */
export function givenIn(entries: ZipEntries): Partial<ZipInput>[] {
  const isThere = Array.isArray(entries) || brandOf(entries) === 'Map' || !isIterable(entries);
  return isThere ? Array.from(listed(entries) as Iterable<unknown>, fieldsOf) : [];
}

/** Cancels streams that will not be read. */
export function dropContents(files: Iterable<Partial<ZipInput>>, reason: unknown): void {
  for (const { data } of files) drop(data, reason);
}

function drop(data: unknown, reason: unknown): void {
  // Rejects if another reader has locked the stream.
  if (isStream(data)) unawaited(() => data.cancel(reason));
}

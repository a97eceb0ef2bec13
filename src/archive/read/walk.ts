// Reads an archive forward: one local header after another, and the directory at the end.

import type { WorkOptions } from '../../options.ts';
import type { StreamReader } from '../../sources/stream.ts';
import { createPace, type Pace } from '../../turn.ts';
import { type Cursor, createCursor } from '../format/cursor.ts';
import { createEndWatch } from '../format/end-records.ts';
import {
  checkAgreement,
  checkHeader,
  type Entry,
  isDescribedLater,
  type Measured,
} from '../format/entry.ts';
import { DEFLATED, SIGNATURE, STORED, viewOf } from '../format/layout.ts';
import { createPathSet } from '../format/paths.ts';
import { peekSignature, readLocal } from '../format/records.ts';
import { cutShort, invalid } from '../format/refuse.ts';
import { checkEntryCount, createMeter, type Growth, type Limits } from '../format/zip-limits.ts';
import { readCentralDirectory } from './directory.ts';
import { descriptorLengths, extract } from './extract.ts';
import { checkDeflated } from './inflate.ts';

// Number of bytes to take from the source at once.
const WALK_PIECE = 16_384;
// Length of the longest data descriptor and the signature after it.
const LOOKAHEAD = 28;

/** A file or folder whose content follows. */
interface Step {
  readonly entry: Entry;
  readonly size: number | undefined;
  readonly content: AsyncGenerator<Uint8Array, void>;
}

export interface Walk {
  /** Returns the next file or folder, or `undefined` after the last one. */
  next(): Promise<Step | undefined>;
  /** Reads the directory and compares it with the entries that were read. */
  end(): Promise<void>;
}

export function createWalk(
  reader: StreamReader,
  limits: Limits,
  signal: AbortSignal | undefined,
  onProgress: WorkOptions['onProgress'],
): Walk {
  const ends = createEndWatch();
  const cursor = createCursor(async () => {
    const bytes = await reader.take(WALK_PIECE, signal);
    ends.pass(bytes);
    return bytes;
  });
  const pace = createPace(signal);
  const paths = createPathSet();
  const count = createMeter(limits);
  const seen = new Map<number, Entry>();
  let done = 0;
  const meter = (growth: Growth) => {
    count(growth);
    done += growth.by;
    if (growth.by > 0) onProgress?.({ done, total: Number.POSITIVE_INFINITY });
  };

  return {
    async next() {
      if ((await peekSignature(cursor)) !== SIGNATURE.local) return undefined;
      const entry = checkHeader(await readLocal(cursor));
      checkEntryCount(limits, seen.size + 1, entry.path);
      const fault = paths.add(entry.path, entry.isFolder);
      if (fault !== undefined) throw invalid(fault, entry.path);
      seen.set(entry.at, entry);
      const keep = (measured: Measured) => seen.set(entry.at, { ...entry, ...measured });
      const content = contentForward({ cursor, entry, limits, meter, pace, keep });
      return { entry, size: knownIn(entry, 'size'), content };
    },
    async end() {
      await checkStart(cursor);
      for (const record of await readCentralDirectory(cursor, limits, pace)) {
        const local = seen.get(record.offset);
        if (local === undefined)
          throw invalid(
            'is not where the directory says: fetch or make the archive again',
            record.path,
          );
        checkAgreement(record, local);
        for (const field of ['crc32', 'compressedSize', 'size'] as const) {
          if (local[field] !== record[field]) throw invalid(OTHER_CONTENT, record.path);
        }
        seen.delete(record.offset);
      }
      ends.check();
      for (const { path } of seen.values())
        throw invalid('is not in the directory: fetch or make the archive again', path);
      signal?.throwIfAborted();
      onProgress?.({ done, total: done });
    },
  };
}

const OTHER_CONTENT = 'has other content than the directory says: fetch or make the archive again';

/** Throws the error if neither an entry nor the directory follows. */
async function checkStart(cursor: Cursor): Promise<void> {
  const signature = await peekSignature(cursor);
  const { offset } = cursor;
  const { central, end, end64 } = SIGNATURE;
  if (signature === central || signature === end || signature === end64) return;
  if ((await cursor.peek(1)).length === 0) throw cutShort(offset);
  throw invalid(
    offset === 0
      ? 'does not begin with a file: it is not a zip, or has something in front of it'
      : 'has bytes that are part of no file: fetch or make it again',
    undefined,
    { offset },
  );
}

/**
 * Returns a field of a local header. Returns `undefined` if the field is 0 and the value may follow the data.
 */
function knownIn(entry: Entry, field: 'size' | 'compressedSize' | 'crc32'): number | undefined {
  return isDescribedLater(entry) && entry[field] === 0 ? undefined : entry[field];
}

interface ReadForward {
  readonly cursor: Cursor;
  readonly entry: Entry;
  readonly limits: Limits;
  readonly meter: (growth: Growth) => void;
  readonly pace: Pace;
  readonly keep: (measured: Measured) => void;
}

/** Yields an entry's content and reads its data descriptor, forward only. */
async function* contentForward(read: ReadForward): AsyncGenerator<Uint8Array, void> {
  const { cursor, entry, meter, pace } = read;
  const { path, method } = entry;
  let compressedSize = knownIn(entry, 'compressedSize');
  const size = knownIn(entry, 'size');
  if (method === STORED && compressedSize === undefined) {
    const isEmpty = (await descriptorHere(cursor, EMPTY)) !== undefined;
    if (size !== undefined || !isEmpty) throw invalid(NOT_FORWARD, path);
    compressedSize = 0;
  }
  if (compressedSize !== undefined && size !== undefined) {
    // Checks the claimed sizes first, so that an archive over the limits is refused at once. Inflating counts the
    // actual bytes.
    const deflated = method === DEFLATED ? compressedSize : 0;
    createMeter(read.limits)({ path, by: size, size, compressedSize, deflated });
    if (method === DEFLATED) checkDeflated(path, { size, compressedSize });
  }
  const expected = { path, method, compressedSize, size, crc32: knownIn(entry, 'crc32') };
  const measured = yield* extract(cursor, expected, meter, pace);
  if (isDescribedLater(entry)) await skipDescriptor(cursor, measured, path);
  read.keep(measured);
}

const NOT_FORWARD =
  'is stored with its size after its data, which can not be read forward: use unzipBundle or openZip, or deflate it';

const EMPTY: Measured = { size: 0, compressedSize: 0, crc32: 0 };

async function skipDescriptor(cursor: Cursor, measured: Measured, path: string): Promise<void> {
  const length = await descriptorHere(cursor, measured);
  if (length === undefined) {
    throw invalid(
      'has data that its descriptor does not match: fetch or make the archive again',
      path,
      {
        offset: cursor.offset,
      },
    );
  }
  cursor.skip(length);
}

/**
 * Returns the length of the next descriptor. The signature that must follow it tells which form it has.
 */
async function descriptorHere(cursor: Cursor, measured: Measured): Promise<number | undefined> {
  const bytes = (await cursor.peek(LOOKAHEAD)).subarray(0, LOOKAHEAD);
  const view = viewOf(bytes);
  return descriptorLengths(bytes, measured).find((length) => {
    if (length + 4 > bytes.length) return false;
    const signature = view.getUint32(length, true);
    return signature === SIGNATURE.local || signature === SIGNATURE.central;
  });
}

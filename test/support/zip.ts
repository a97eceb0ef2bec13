// Builds archives byte by byte without the tested code, and gives the three readers one interface.

import { concatAll } from '../../src/bytes.ts';
import { openZip, unzipBundle, unzipStream, type ZipLimits } from '../../src/zip.ts';
import { bytesOf, same } from './bytes.ts';

export { same };

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

// Longer than the window of deflate.
const PERIOD = 40_009;

/** Makes text that compresses like code, the same in every run. */
export function textOf(length: number): Uint8Array {
  const words = ['const ', 'return ', 'import ', ' = ', '() => {\n', '}\n', 'value', 'index'];
  const noise = bytesOf(PERIOD);
  let text = '';
  for (let i = 0; text.length < PERIOD; i++) {
    const byte = noise[i] as number;
    text += (words[byte >> 5] as string) + (byte & 1 ? byte.toString(36) : '');
  }
  const period = utf8(text).subarray(0, PERIOD);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += PERIOD) bytes.set(period.subarray(0, length - at), at);
  return bytes;
}

/** Encodes little-endian integers: u(2, 1, 2) makes two of 16 bits. */
export function u(width: 2 | 4 | 8, ...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(width * values.length);
  values.forEach((value, i) => {
    let rest = value;
    for (let j = 0; j < width; j++) {
      bytes[i * width + j] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  });
  return bytes;
}

/** The result of eight steps of ISO 3309 for each byte. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

/** CRC-32 (ISO 3309), byte by byte, independent of the tested code. */
export function plainCrc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) {
    crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number);
  }
  return ~crc >>> 0;
}

interface Fields {
  flags?: number;
  method?: number;
  crc?: number;
  compressedSize?: number;
  size?: number;
  name?: string | Uint8Array;
  extra?: Uint8Array;
}

/** An entry. Missing fields get correct values. */
export interface RawEntry extends Fields {
  name: string | Uint8Array;
  /** The content. Default: empty. */
  content?: Uint8Array;
  /** The data in the archive. Default: the content. */
  data?: Uint8Array;
  /** Bytes before the local header and after the data. */
  before?: Uint8Array;
  after?: Uint8Array;
  /** Fields of one header only. */
  local?: Fields;
  central?: Fields & {
    attributes?: number;
    madeBy?: number;
    disk?: number;
    offset?: number;
    comment?: Uint8Array;
  };
}

export interface RawEnd {
  /** Bytes before the directory, and between it and the end record. */
  before?: Uint8Array;
  between?: Uint8Array;
  disk?: number;
  directoryDisk?: number;
  diskCount?: number;
  count?: number;
  size?: number;
  offset?: number;
  comment?: Uint8Array;
  commentLength?: number;
  /** The order of the directory's records. */
  order?: readonly number[];
  after?: Uint8Array;
}

const bytesOfName = (name: string | Uint8Array) => (typeof name === 'string' ? utf8(name) : name);

export function rawZip(entries: readonly RawEntry[], end: RawEnd = {}): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const records: Uint8Array[] = [];
  let offset = 0;
  const put = (bytes: Uint8Array) => {
    parts.push(bytes);
    offset += bytes.length;
  };
  for (const entry of entries) {
    const content = entry.content ?? new Uint8Array(0);
    const data = entry.data ?? content;
    const common = {
      flags: 0x800,
      method: entry.data === undefined ? 0 : 8,
      crc: entry.crc ?? plainCrc32(content),
      compressedSize: data.length,
      size: content.length,
      extra: new Uint8Array(0),
      ...entry,
    };
    put(entry.before ?? new Uint8Array(0));
    const at = offset;
    const later = (common.flags & 8) !== 0 ? { crc: 0, compressedSize: 0, size: 0 } : {};
    const local = { ...common, ...later, ...entry.local };
    const localName = bytesOfName(local.name);
    put(u(4, 0x04034b50));
    put(u(2, 20, local.flags, local.method, 0, 33));
    put(u(4, local.crc, local.compressedSize, local.size));
    put(u(2, localName.length, local.extra.length));
    put(join(localName, local.extra));
    put(data);
    put(entry.after ?? new Uint8Array(0));
    const central = {
      ...common,
      attributes: 0,
      madeBy: 0x31e,
      disk: 0,
      offset: at,
      comment: new Uint8Array(0),
      ...entry.central,
    };
    const name = bytesOfName(central.name);
    records.push(
      join(
        u(4, 0x02014b50),
        u(2, central.madeBy, 20, central.flags, central.method, 0, 33),
        u(4, central.crc, central.compressedSize, central.size),
        u(2, name.length, central.extra.length, central.comment.length, central.disk, 0),
        u(4, central.attributes, central.offset),
        name,
        central.extra,
        central.comment,
      ),
    );
  }
  put(end.before ?? new Uint8Array(0));
  const start = offset;
  const directory = concatAll(end.order?.map((i) => records[i] as Uint8Array) ?? records);
  put(directory);
  put(end.between ?? new Uint8Array(0));
  const count = end.count ?? (end.order ?? records).length;
  const comment = end.comment ?? new Uint8Array(0);
  put(u(4, 0x06054b50));
  put(u(2, end.disk ?? 0, end.directoryDisk ?? 0, end.diskCount ?? count, count));
  put(u(4, end.size ?? directory.length, end.offset ?? start));
  put(u(2, end.commentLength ?? comment.length));
  put(comment);
  put(end.after ?? new Uint8Array(0));
  return concatAll(parts);
}

/** Makes an archive as a writer to a pipe does: one stored file whose size follows its data. */
export function storedWithDescriptor(name: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content;
  const after = u(4, 0x08074b50, plainCrc32(content), length, length);
  const local = { crc: 0, compressedSize: 0, size: 0 };
  return rawZip([{ name, content, flags: 0x808, local, after }]);
}

/** A Zip64 end record and its locator. */
export function zip64End(fields: {
  at: number;
  count: number;
  size: number;
  offset: number;
  length?: number;
  disk?: number;
  diskCount?: number;
}): Uint8Array {
  return join(
    u(4, 0x06064b50),
    u(8, fields.length ?? 44),
    u(2, 45, 45),
    u(4, fields.disk ?? 0, 0),
    u(8, fields.count, fields.count, fields.size, fields.offset),
    u(4, 0x07064b50, 0),
    u(8, fields.at),
    u(4, fields.diskCount ?? 1),
  );
}

/** Deflates content as stored blocks (RFC 1951 §3.2.4). */
export function deflatedAsIs(content: Uint8Array): Uint8Array {
  const { length } = content;
  return join(Uint8Array.of(1), u(2, length, length ^ 0xffff), content);
}

/** Makes a stream of these chunks, and records its calls. */
export function chunked(chunks: readonly Uint8Array[]): {
  stream: ReadableStream<Uint8Array>;
  pulled: () => number;
  cancelled: () => unknown;
} {
  let pulled = 0;
  let reason: unknown;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[pulled];
        pulled++;
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk.slice());
      },
      cancel(why) {
        reason = why ?? 'no reason';
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, pulled: () => pulled, cancelled: () => reason };
}

export function streamOf(bytes: Uint8Array, length = 1000): ReadableStream<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += length) chunks.push(bytes.subarray(at, at + length));
  return chunked(chunks).stream;
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value);
  }
  return join(...chunks);
}

export type Reader = (zip: Uint8Array, limits?: ZipLimits) => Promise<Map<string, Uint8Array>>;

export const viaBundle: Reader = (zip, limits) => unzipBundle(zip, limits);

export const viaStream: Reader = async (zip, limits) => {
  const files = new Map<string, Uint8Array>();
  for await (const { path, bytes } of unzipStream(streamOf(zip), limits)) {
    files.set(path, await bytes());
  }
  return files;
};

/** Reads everything through `openZip`. */
export const viaRanges: Reader = async (zip, limits) => {
  const read = async (offset: number, length: number) => zip.slice(offset, offset + length);
  const reader = await openZip({ size: zip.length, read }, limits);
  const files = new Map<string, Uint8Array>();
  for (const { path } of reader.entries()) files.set(path, await reader.read(path));
  return files;
};

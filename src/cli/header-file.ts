// A header out of a file that has one: a sealed bundle, or a seal as text.

import { open, readFile } from 'node:fs/promises';
import type { BundleInfo } from '../bundle/info.ts';
import { inspectBundle } from '../bundle/inspect.ts';
import { encodeSeal } from '../bundle/open.ts';
import { BundleSealError } from '../errors.ts';
import { onFile } from '../files/error.ts';
import { fileSource } from '../files/file-source.ts';
import { FIXED_LENGTH, headerParts, parseHeader } from '../format/header.ts';
import { DEFAULT_MAX_CHUNKS } from '../limits.ts';

export interface FoundHeader {
  /** The header, base64url. */
  readonly seal: string;
  /** Bytes of the header before the body; absent where the file is the seal alone. */
  readonly headerLength?: number;
}

// 65,535 times 32 bytes of digests would be an ordinary header; no seal is longer than this.
const MAX_SEAL_LENGTH = 2 ** 26;
const UNREADABLE = "can't be read";

/** What the header says, of which only the metadata is read; nothing of it is proven. */
export async function inspectHeaderFile(path: string): Promise<BundleInfo> {
  const source = await fileSource(path);
  try {
    const start = await source.read(0, Math.min(FIXED_LENGTH, source.size));
    return isText(start)
      ? inspectBundle((await readHeaderFile(path)).seal)
      : await inspectBundle(source);
  } finally {
    await source.close();
  }
}

/** Reads no more than the header; nothing of it is proven. */
export async function readHeaderFile(path: string): Promise<FoundHeader> {
  const file = await onFile(path, UNREADABLE, open(path));
  try {
    const { size } = await onFile(path, UNREADABLE, file.stat());
    const read = async (length: number) => {
      const bytes = new Uint8Array(Math.min(length, size));
      await onFile(path, UNREADABLE, file.read(bytes, 0, bytes.length, 0));
      return bytes;
    };
    const start = await read(FIXED_LENGTH);
    if (isText(start) && size <= MAX_SEAL_LENGTH) {
      return { seal: (await onFile(path, UNREADABLE, readFile(path, 'latin1'))).trim() };
    }
    const header = parseHeader(start, Number.POSITIVE_INFINITY);
    checkCount(path, header.layout.count);
    const bytes = await read(header.headerLength);
    headerParts(bytes, header);
    return { seal: encodeSeal(bytes), headerLength: header.headerLength };
  } finally {
    await file.close();
  }
}

/** Before memory for the digests is taken on the header's word. */
function checkCount(path: string, count: number): void {
  if (count <= DEFAULT_MAX_CHUNKS) return;
  throw new BundleSealError(
    'ERR_LIMIT_EXCEEDED',
    `${path} says that it has ${count} chunks, and no tool seals more than ${DEFAULT_MAX_CHUNKS}: the header is damaged or forged, fetch the bundle again`,
    { path },
  );
}

/** A seal is base64url of "BNDLSEAL…". */
function isText(start: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(start).startsWith('Qk5ETFNFQU');
}

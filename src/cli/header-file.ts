// Reads the header of a file: a sealed bundle, or a seal as text.

import type { BundleInfo } from '../bundle/info.ts';
import { inspectBundle } from '../bundle/inspect.ts';
import { BundleSealError } from '../errors.ts';
import { fileError } from '../files/error.ts';
import { fileSource } from '../files/file-source.ts';
import { type InputFile, openInputFile } from '../files/input-file.ts';
import { explained } from '../format/explain.ts';
import { checkHeaderLength, encodeSeal, FIXED_LENGTH, parseHeader } from '../format/header.ts';
import { DEFAULT_MAX_CHUNKS } from '../format/limits.ts';
import { readSmallFile } from './small-file.ts';

export interface FoundHeader {
  /** The header in base64url. */
  readonly seal: string;
  /** Length of the header before the body; absent if the file has only the seal. */
  readonly headerLength?: number;
}

// A header of 2^20 chunks, the most that readers accept, has 33.6 MB, and its seal as text 44.8 MB.
const MAX_SEAL_FILE_LENGTH = 45 * 2 ** 20;

/** Reads the content of the header. Does not verify anything. */
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

/**
 * Reads only the header, and does not verify it.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the file cannot be read; `ERR_HEADER_INVALID`,
 * `ERR_VERSION_UNSUPPORTED` if it is not a sealed bundle; `ERR_LIMIT_EXCEEDED` for more than 2^20 chunks;
 * `ERR_LENGTH_INVALID` if the file ends within its header.
 */
export async function readHeaderFile(path: string): Promise<FoundHeader> {
  const file = await openInputFile(path);
  try {
    const start = await file.read(0, Math.min(FIXED_LENGTH, file.size));
    if (isText(start)) return { seal: await readSealText(file) };
    const header = explained(() => parseHeader(start, Number.POSITIVE_INFINITY));
    checkSealChunks(path, header.layout.count);
    const bytes = await file.read(0, Math.min(header.headerLength, file.size));
    explained(() => checkHeaderLength(header, bytes.length));
    return { seal: encodeSeal(bytes), headerLength: header.headerLength };
  } finally {
    await file.close();
  }
}

/** Checks the number of chunks before memory for their digests is allocated. */
function checkSealChunks(path: string, count: number): void {
  if (count <= DEFAULT_MAX_CHUNKS) return;
  throw new BundleSealError(
    'ERR_LIMIT_EXCEEDED',
    `${path} says that it has ${count} chunks, and no tool seals more than ${DEFAULT_MAX_CHUNKS}: the header is damaged or forged, fetch the bundle again`,
    { path },
  );
}

/** Reads a seal as text from a file or a pipe. */
export async function readSealFile(path: string): Promise<string> {
  return trimmedText(await readSmallFile(path, 'a seal', MAX_SEAL_FILE_LENGTH));
}

async function readSealText(file: InputFile): Promise<string> {
  if (file.size > MAX_SEAL_FILE_LENGTH) {
    throw fileError(
      file.path,
      `is too large for a seal: it has ${file.size} bytes, so pass the file with the seal`,
    );
  }
  return trimmedText(await file.read(0, file.size));
}

function trimmedText(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes).trim();
}

/** A seal is base64url of "BNDLSEAL…". */
function isText(start: Uint8Array): boolean {
  return trimmedText(start).startsWith('Qk5ETFNFQU');
}

// The image of a release: the list of its files, followed by their contents. A patch turns one image into another.
// See docs/releases.md#images.

import {
  comparePaths,
  createPathSet,
  decodeName,
  MAX_PATH_LENGTH,
} from '../archive/format/paths.ts';
import { printable } from '../archive/format/printable.ts';
import type { ReleaseFile } from './files.ts';
import { invalidPatch } from './patch-header.ts';
import { releasePathFault } from './paths.ts';
import { isStamp } from './stamp.ts';

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
// The most digits of a size. The parser reads no line further.
const MAX_DIGITS = 10;

interface Listed {
  /** The path in UTF-8. */
  readonly name: Uint8Array;
  readonly size: number;
}

/** Computes the length of the list of these files in bytes. */
export function listLength(files: readonly Listed[]): number {
  return files.reduce((sum, { name, size }) => sum + String(size).length + name.length + 2, 1);
}

/** Writes the list of these files to the start of `room`. The files are in the order of the bytes of their paths. */
export function writeList(files: readonly Listed[], room: Uint8Array): void {
  let at = 0;
  for (const { name, size } of files) {
    for (const digit of String(size)) room[at++] = digit.charCodeAt(0);
    room[at++] = SPACE;
    room.set(name, at);
    at += name.length;
    room[at++] = LINE_FEED;
  }
  room[at] = LINE_FEED;
}

/** Computes the length of the image of these files in bytes. */
export function imageLength(files: readonly ReleaseFile[]): number {
  const size = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return listLength(files.map(listed)) + size;
}

/** Writes the image of these files, which are in the order of the bytes of their paths, to the start of `room`. */
export function writeImage(files: readonly ReleaseFile[], room: Uint8Array): void {
  const list = files.map(listed);
  writeList(list, room);
  let at = listLength(list);
  for (const { bytes } of files) {
    room.set(bytes, at);
    at += bytes.length;
  }
}

function listed({ name, bytes }: ReleaseFile): Listed {
  return { name, size: bytes.length };
}

/**
 * Parses an image. The files are views of it, in the order of the list.
 *
 * The parser never allocates memory by a number in the list. Sizes must fit into the image, and the memory for a file
 * is proportional to its line.
 *
 * @param maxFiles - The most files that are accepted.
 * @throws {@link BundleSealError} `ERR_PATCH_INVALID`
 */
export function parseImage(image: Uint8Array, maxFiles: number): ReleaseFile[] {
  const list: (Listed & { readonly path: string })[] = [];
  const paths = createPathSet();
  let at = 0;
  let total = 0;
  while (image[at] !== LINE_FEED) {
    if (list.length === maxFiles) throw invalidPatch(`makes more than ${maxFiles} files`);
    const { line, end } = parseLine(image, at);
    const last = list[list.length - 1];
    if (last !== undefined && comparePaths(last.path, line.path) >= 0) {
      throw invalidPatch('makes a list of files that is out of order');
    }
    const fault = stampFault(line.path) ?? paths.add(line.path, false);
    if (fault !== undefined) {
      throw invalidPatch(`makes a file whose path is refused ("${printable(line.path)}" ${fault})`);
    }
    total += line.size;
    if (total > image.length) throw sizesDiffer();
    list.push(line);
    at = end;
  }
  at++;
  if (list.length === 0) throw invalidPatch('makes no files');
  if (total !== image.length - at) throw sizesDiffer();
  return list.map(({ path, name, size }) => {
    at += size;
    return { path, name, bytes: image.subarray(at - size, at) };
  });
}

function parseLine(image: Uint8Array, start: number) {
  let at = start;
  let size = 0;
  for (; isDigit(image[at]) && at - start < MAX_DIGITS; at++) {
    size = size * 10 + (image[at] as number) - ZERO;
  }
  const isNumber = at > start && (image[start] !== ZERO || at === start + 1);
  if (!isNumber || image[at] !== SPACE) throw malformed();
  const begin = ++at;
  while (at - begin <= MAX_PATH_LENGTH && at < image.length && image[at] !== LINE_FEED) at++;
  if (image[at] !== LINE_FEED) throw malformed();
  const name = image.subarray(begin, at);
  const path = decodeName(name);
  if (path === undefined) throw malformed();
  return { line: { path, name, size }, end: at + 1 };
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function stampFault(path: string): string | undefined {
  return isStamp(path) ? 'is the stamp' : releasePathFault(path);
}

function malformed() {
  return invalidPatch('makes a list of files that is malformed');
}

function sizesDiffer() {
  return invalidPatch('makes files whose sizes are not those of its list');
}

// The checks that every reader applies to an entry, in its local header and in the central directory.

import { toCharacters } from '../../bytes.ts';
import { DEFLATED, FLAG, STORED } from './layout.ts';
import { decodeName, nameForMessage, pathFault } from './paths.ts';
import type { CentralHeader, RecordHeader } from './records.ts';
import { invalid } from './refuse.ts';

/**
 * The values that both headers of an entry have. The names are text, because arrays of bytes for 50,000 names take
 * ten megabytes more.
 */
export interface NamedHeader extends Omit<RecordHeader, 'name' | 'unicodeName'> {
  /** The bytes of the name in the archive and of the Unicode path field, a character for each byte. */
  readonly names: string;
  /** Number of bytes of the name in the archive. */
  readonly nameLength: number;
}

/** A header that has passed the checks. */
export interface Entry extends NamedHeader {
  /**
   * The path without "./" at its beginning, and for a folder without the "/" at its end. The path of the root is
   * empty.
   */
  readonly path: string;
  readonly isFolder: boolean;
}

export interface CentralEntry extends Entry {
  /** Offset of the local header. */
  readonly offset: number;
}

/** Returns a replacement for the name in a header, or `undefined` to keep the name. */
export type Mend = (header: CentralHeader) => string | undefined;

/** The most bytes of a name in the archive: four times the longest path. */
const MAX_RAW_NAME = 4096;

const AGAIN = 'make the archive again with a common zip tool';

/**
 * Checks a header and returns its entry, whose path is safe.
 *
 * @param name - Default: the name in the header.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if the path is not safe, or the entry is encrypted, has an
 * unknown method or is inconsistent.
 */
export function checkHeader(header: RecordHeader, name: string = nameIn(header)): Entry {
  const { flags, method, size } = header;
  // All tools ignore "./" at the beginning. bsdtar and others write it before each name.
  const plain = name.replace(/^(?:\.\/)+/, '');
  const isRoot = name === '/' || (plain === '' && name !== '');
  const isFolder = isRoot || plain.endsWith('/');
  const path = plain.endsWith('/') ? plain.slice(0, -1) : plain;
  const fault = isRoot ? undefined : pathFault(path);
  if (fault !== undefined) throw invalid(fault, name);
  // Both names may be longer than the path: a name may repeat "./", and a Unicode path field may replace it.
  if (header.name.length > MAX_RAW_NAME || (header.unicodeName?.length ?? 0) > MAX_RAW_NAME) {
    throw invalid(`has a name of more than ${MAX_RAW_NAME} bytes in the archive: ${AGAIN}`, name);
  }
  if ((flags & (FLAG.encrypted | FLAG.stronglyEncrypted | FLAG.masked)) !== 0) {
    throw invalid('is encrypted: zip without a password, sealing the bundle encrypts it', name);
  }
  if ((flags & FLAG.patch) !== 0) throw invalid(`is a patch and not a file: ${AGAIN}`, name);
  if (method !== STORED && method !== DEFLATED) {
    throw invalid(
      `is compressed by method ${method}: zip with deflate, or without compression`,
      name,
    );
  }
  if (isFolder && size !== 0) throw invalid(`is a folder with content: ${AGAIN}`, name);
  if (method === STORED && !isDescribedLater(header) && header.compressedSize !== size) {
    throw invalid(`is stored, yet its two sizes differ: ${AGAIN}`, name);
  }
  return { ...withNames(header, path), path, isFolder };
}

/**
 * Returns a header with its names as text.
 *
 * @param path - If the names are equal to this text, the header refers to it instead of a copy.
 */
export function withNames(header: RecordHeader, path?: string): NamedHeader {
  const { at, flags, method, crc32, compressedSize, size, name, unicodeName = NOTHING } = header;
  const names = toCharacters(name) + toCharacters(unicodeName);
  return {
    at,
    flags,
    method,
    crc32,
    compressedSize,
    size,
    names: names === path ? path : names,
    nameLength: name.length,
  };
}

const NOTHING = new Uint8Array(0);

/** Whether the sizes and the CRC-32 may follow the data, in a data descriptor. */
export function isDescribedLater({ flags }: Pick<RecordHeader, 'flags'>): boolean {
  return (flags & FLAG.descriptor) !== 0;
}

/**
 * Reads a name as UTF-8, also without bit 11, which the archivers of macOS and Info-ZIP do not set. If the name is
 * not UTF-8, reads the Unicode path field (WinRAR and commons-compress write both). Without that field, refuses the name:
 * APPNOTE requires code page 437, but many tools write other code pages.
 */
function nameIn({ name, unicodeName, flags, at }: RecordHeader): string {
  const decoded = decodeName(name);
  const refuse = (what: string) =>
    invalid(`${what}: ${IN_UTF8}`, nameForMessage(name), { offset: at });
  if (decoded !== undefined) {
    if (unicodeName === undefined) return decoded;
    throw refuse('has another name in its Unicode path field');
  }
  if ((flags & FLAG.utf8) !== 0) throw refuse('says that its name is UTF-8, which it is not');
  if (unicodeName === undefined) throw refuse('has a name in an unknown encoding');
  const other = decodeName(unicodeName);
  if (other === undefined) throw refuse('has a Unicode path field that is not UTF-8');
  return other;
}

const IN_UTF8 = 'zip again with a tool that writes names in UTF-8';

/**
 * Checks a record of the central directory and returns its entry.
 *
 * @param mend - Replaces names that this call would refuse.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` for the faults of {@link checkHeader}, and for a link, a device or
 * another disk.
 */
export function checkCentral(header: CentralHeader, mend?: Mend): CentralEntry {
  const entry = checkHeader(header, mend?.(header));
  const { path, isFolder } = entry;
  if (header.disk !== 0) throw invalid(MULTI_DISK);
  if (header.endsInLocator)
    throw invalid(`ends its record in what looks like another one: ${AGAIN}`, path);
  checkKind(header.attributes, path, isFolder);
  return { ...entry, offset: header.offset };
}

export const MULTI_DISK = 'is one of several parts (multi-disk): join them into one zip';

const KINDS: ReadonlyMap<number, string> = new Map([
  [0o020000, 'a device'],
  [0o060000, 'a device'],
  [0o120000, 'a symbolic link'],
  [0o140000, 'a socket'],
]);

const NO_KIND = 0;
// Info-ZIP sets the mode of a pipe for content that it read from its standard input. The content is that of a regular
// file.
const PIPE = 0o010000;
const FOLDER = 0o040000;
const FILE = 0o100000;

/**
 * Refuses links and devices, for archives of every host system, because some extractors use the Unix mode of entries
 * from other systems too.
 */
function checkKind(attributes: number, path: string, isFolder: boolean): void {
  const kind = (attributes >>> 16) & 0o170000;
  if (![NO_KIND, PIPE, FOLDER, FILE].includes(kind)) {
    throw invalid(
      `is ${KINDS.get(kind) ?? 'a special file'}: put the file itself into the archive (zip without -y)`,
      path,
    );
  }
  // All readers recognise a folder by its name, but only some by its attributes, so both must agree.
  if (!isFolder && (kind === FOLDER || (attributes & 0x10) !== 0)) {
    throw invalid(`is a folder according to its attributes, but not its name: ${AGAIN}`, path);
  }
}

/** The values that a reader has measured in the data of an entry. */
export interface Measured {
  readonly size: number;
  readonly compressedSize: number;
  readonly crc32: number;
}

/**
 * Compares the two headers of an entry.
 *
 * @param local - The local header of the same entry.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID` if readers that use the local header would see another file
 * than readers that use the central directory.
 */
export function checkAgreement(central: Entry, local: NamedHeader): void {
  const { path } = central;
  if (central.names !== local.names || central.nameLength !== local.nameLength) {
    throw disagree('name', path);
  }
  if (meaningOf(central) !== meaningOf(local)) throw disagree('flags', path);
  if (central.method !== local.method) throw disagree('method', path);
  const isLater = isDescribedLater(local);
  for (const field of ['crc32', 'compressedSize', 'size'] as const) {
    if (local[field] !== central[field] && !(isLater && local[field] === 0)) {
      throw disagree(field === 'crc32' ? 'CRC-32' : 'size', path);
    }
  }
}

const MEANINGFUL =
  FLAG.encrypted | FLAG.descriptor | FLAG.patch | FLAG.stronglyEncrypted | FLAG.masked;

/**
 * Returns the flags that matter to readers, without the compression level, and without the UTF-8 flag if the name is
 * ASCII.
 */
function meaningOf({ flags, names, nameLength }: NamedHeader): number {
  const isAscii = !/[\u0080-\u00ff]/.test(names.slice(0, nameLength));
  return flags & (isAscii ? MEANINGFUL : MEANINGFUL | FLAG.utf8);
}

function disagree(field: string, path: string): Error {
  return invalid(`has another ${field} beside its data than in the directory: ${AGAIN}`, path);
}

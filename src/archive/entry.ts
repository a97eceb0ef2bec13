// What every reader asks of one entry, whichever of its two headers it looks at.

import { equalBytes } from '../bytes.ts';
import { decodeUtf8 } from '../utf8.ts';
import { DEFLATED, FLAG, STORED } from './layout.ts';
import { pathFault, printable } from './paths.ts';
import type { CentralHeader, Header } from './records.ts';
import { invalid } from './refuse.ts';

export interface Entry extends Header {
  /** A folder's without the "/" at its end. */
  readonly path: string;
  readonly isFolder: boolean;
}

export interface CentralEntry extends Entry {
  /** Of the local header. */
  readonly offset: number;
}

const AGAIN = 'make the archive again with a common zip tool';

/**
 * An entry by one of its headers, with a path that is safe.
 *
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`: the path is not safe, or the entry is encrypted, of
 * an unknown method or no sense.
 */
export function checkHeader(header: Header): Entry {
  const { flags, method, size } = header;
  const name = decodeName(header);
  const isFolder = name.endsWith('/');
  const path = isFolder ? name.slice(0, -1) : name;
  const fault = pathFault(path);
  if (fault !== undefined) throw invalid(fault, name);
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
  return { ...header, path, isFolder };
}

/** Whether the sizes and the CRC may stand after the data instead of here. */
export function isDescribedLater({ flags }: Header): boolean {
  return (flags & FLAG.descriptor) !== 0;
}

const NAMES = /* @__PURE__ */ createDecoder();

/** The platform's where there is one: 25 times as fast, and a large archive has tens of thousands of names. */
function createDecoder(): { decode(bytes: Uint8Array): string } {
  if (typeof TextDecoder !== 'function') return { decode: decodeUtf8 };
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
}

/**
 * UTF-8, also where bit 11 does not say so: the archivers of macOS and Info-ZIP leave it out. Code page 437
 * is what that would mean by the letter, and a guess.
 */
function decodeName({ name, flags, at }: Header): string {
  try {
    return NAMES.decode(name);
  } catch {
    const shown = printable(
      Array.from(name, (byte) =>
        byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
      ).join(''),
    );
    const said =
      (flags & FLAG.utf8) !== 0 ? 'says that its name is UTF-8, which it is not' : NOT_UTF8;
    throw invalid(`${said}: zip again with a tool that writes names in UTF-8`, shown, {
      offset: at,
    });
  }
}

const NOT_UTF8 = 'has a name in an unknown encoding';

/**
 * An entry by its record in the central directory.
 *
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`: as {@link checkHeader}, and for a link, a device or
 * another disk.
 */
export function checkCentral(header: CentralHeader): CentralEntry {
  const entry = checkHeader(header);
  const { path, isFolder } = entry;
  if (header.disk !== 0) throw invalid(MULTI_DISK);
  if (header.endsInLocator) throw invalid('ends its record in what looks like another one', path);
  checkKind(header.attributes, path, isFolder);
  return { ...entry, offset: header.offset };
}

export const MULTI_DISK = 'is one of several parts (multi-disk): join them into one zip';

const KINDS: ReadonlyMap<number, string> = new Map([
  [0o010000, 'a named pipe'],
  [0o020000, 'a device'],
  [0o060000, 'a device'],
  [0o120000, 'a symbolic link'],
  [0o140000, 'a socket'],
]);

/** Whoever made it: extractors differ in whether they look at the mode of what says it is not from Unix. */
function checkKind(attributes: number, path: string, isFolder: boolean): void {
  const kind = (attributes >>> 16) & 0o170000;
  if (kind !== 0 && kind !== 0o100000 && kind !== 0o040000) {
    throw invalid(
      `is ${KINDS.get(kind) ?? 'a special file'}: put the file itself into the archive (zip without -y)`,
      path,
    );
  }
  const saysFolder = kind === 0o040000 || (attributes & 0x10) !== 0;
  if ((saysFolder && !isFolder) || (kind === 0o100000 && isFolder)) {
    throw invalid(`is a folder by its name or by its attributes, but not by both: ${AGAIN}`, path);
  }
}

/** What was found by reading an entry's data. */
export interface Measured {
  readonly size: number;
  readonly compressedSize: number;
  readonly crc32: number;
}

/**
 * @param local - As its local header says.
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`: readers that go by one of the headers would see
 * something else than those that go by the other.
 */
export function checkAgreement(central: Entry, local: Header): void {
  const { path } = central;
  if (!equalBytes(central.name, local.name)) throw disagree('name', path);
  if (central.flags !== local.flags) throw disagree('flags', path);
  if (central.method !== local.method) throw disagree('method', path);
  const isLater = isDescribedLater(local);
  for (const field of ['crc32', 'compressedSize', 'size'] as const) {
    if (local[field] !== central[field] && !(isLater && local[field] === 0)) {
      throw disagree(field === 'crc32' ? 'CRC-32' : 'size', path);
    }
  }
}

function disagree(field: string, path: string): Error {
  return invalid(`has another ${field} beside its data than in the directory: ${AGAIN}`, path);
}

// The rules for names in an archive: a name must mean the same file, inside the folder, on every platform.

import { foldName } from '../../fold.ts';
import { decodeUtf8, encodeUtf8 } from '../../utf8.ts';
import { printable } from './printable.ts';

/** The most UTF-8 bytes of a path: PATH_MAX of iOS and macOS. */
export const MAX_PATH_LENGTH = 1024;

/** The most UTF-8 bytes of the name of a file or folder on common file systems. */
const MAX_NAME_LENGTH = 255;

/** The most levels of folders. */
const MAX_DEPTH = 64;

// Names of devices on Windows, also if a dot and an extension follow.
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])$/i;
// Written without property escapes, because Hermes cannot compile them.
const CONTROL = /[^ -~\u00a0-\uffff]/;
const HALF_OF_A_PAIR = /[\ud800-\udbff](?![\udc00-\udfff])|(?:^|[^\ud800-\udbff])[\udc00-\udfff]/;
const NOT_ON_WINDOWS = /[<>:"|?*]/;

/**
 * Returns the fault of a path, as the end of a sentence that begins with the path; `undefined` if the path has none. The
 * writer and all readers refuse the same paths.
 */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'is empty: give the file a name';
  if (HALF_OF_A_PAIR.test(path)) return 'is not Unicode (half of a surrogate pair): rename it';
  if (CONTROL.test(path)) return 'holds a control character: rename it';
  if (path.includes('\\')) {
    return 'has a backslash, which is a folder on one platform and a letter on others: write "/"';
  }
  if (path.startsWith('/')) return 'is an absolute path: name files as seen from the folder';
  if (/^[a-z]:/i.test(path)) return 'begins with a drive: name files as seen from the folder';
  if (isLonger(path, MAX_PATH_LENGTH)) {
    return `is longer than ${MAX_PATH_LENGTH} bytes, which not every device can open: shorten it`;
  }
  const names = path.split('/');
  if (names.length - 1 > MAX_DEPTH) return `lies more than ${MAX_DEPTH} folders deep: move it up`;
  for (const name of names) {
    const fault = nameFault(name);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Whether a text has more bytes than `length` in UTF-8. Each unit of UTF-16 takes at most three bytes. */
function isLonger(text: string, length: number): boolean {
  return 3 * text.length > length && encodeUtf8(text).length > length;
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'has a folder without a name ("//"): write one "/"';
  if (name === '..')
    return 'climbs out of the folder with "..": only a hostile archive does that, do not use it';
  if (name === '.') return 'has a "." in it: zip the files by their names, not by "."';
  if (NOT_ON_WINDOWS.test(name)) {
    return 'has one of < > : " | ? *, which Windows does not allow in names: rename it';
  }
  if (/[. ]$/.test(name))
    return 'has a name that ends in a dot or a space: Windows drops it, rename it';
  const base = (name.split('.')[0] as string).replace(/ +$/, '');
  if (DEVICE.test(base)) return `has the name of a device of Windows ("${base}"): rename it`;
  if (isLonger(name, MAX_NAME_LENGTH)) {
    return `has a name longer than ${MAX_NAME_LENGTH} bytes: shorten it`;
  }
  return undefined;
}

const NAMES = /* @__PURE__ */ createDecoder();

/**
 * Makes a decoder of UTF-8: the platform's if there is one. That is 25 times as fast, and a large archive has tens of
 * thousands of names.
 */
function createDecoder(): { decode(bytes: Uint8Array): string } {
  if (typeof TextDecoder !== 'function') return { decode: decodeUtf8 };
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
}

/** Decodes a name; returns `undefined` if it is not UTF-8. */
export function decodeName(name: Uint8Array): string | undefined {
  try {
    return NAMES.decode(name);
  } catch {
    return undefined;
  }
}

/** Decodes a name in any encoding for a message. */
export function nameForMessage(name: Uint8Array): string {
  const escaped = (byte: number) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`;
  return decodeName(name) ?? Array.from(name, escaped).join('');
}

/** The paths of an archive. */
export interface PathSet {
  /**
   * Adds a path that `pathFault` accepts.
   *
   * @param path - Without a "/" at its end.
   * @returns Why the path conflicts with an earlier one, as the end of a sentence that begins with the path.
   */
  add(path: string, isFolder: boolean): string | undefined;
}

/** Makes an empty set of paths. It refuses two paths that are the same file on some platform. */
export function createPathSet(): PathSet {
  const files = new Map<string, string>();
  const folders = new Set<string>();

  return {
    add(path, isFolder) {
      const key = foldName(path);
      const other = files.get(key);
      if (isFolder) {
        if (other !== undefined) return BOTH;
        // A folder may be listed twice: Ant and Gradle write the folders of each of their sources.
        folders.add(key);
      } else {
        if (folders.has(key)) return BOTH;
        if (other === path) return TWICE;
        if (other !== undefined) {
          return `and "${printable(other)}" are one file where case or the form of accents does not count: rename one`;
        }
        files.set(key, path);
      }
      for (let end = key.lastIndexOf('/'); end !== -1; end = key.lastIndexOf('/', end - 1)) {
        const folder = key.slice(0, end);
        if (files.has(folder)) return `lies in "${printable(folder)}", which is a file: rename one`;
        // The folders above it have been added already.
        if (folders.has(folder)) break;
        folders.add(folder);
      }
      return undefined;
    },
  };
}

const BOTH = 'is a file and a folder at once: rename one';
const TWICE = 'is there twice: keep one of the two';

/**
 * Compares paths in the order of their UTF-8 bytes, which is the order of their code points. It compares the strings
 * themselves, because the encoded names of a large folder would take several megabytes.
 *
 * @param a - Without half of a surrogate pair, like `b`.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (one !== other) return rankOf(one) - rankOf(other);
  }
  return a.length - b.length;
}

/** Puts the halves of surrogate pairs, which stand for code points from U+10000 on, after all other code units. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

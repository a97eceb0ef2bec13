// Patterns for files to leave out. The syntax is small and has the same meaning on every system.

import { describe } from '../options.ts';

/** Files to leave out: patterns, or a function that gets each path. The path of a folder ends in "/". */
export type Ignore = readonly string[] | ((path: string) => boolean);

/**
 * Makes a function that tells whether to leave out a path. The path of a folder ends in "/".
 *
 * - A pattern without a "/" is a name in any folder. One with a "/" before its end is a path relative to the listed
 *   folder. One that ends in "/" matches folders only.
 * - `?` matches one character and `*` any number of characters, except "/"; `**` as a whole name matches any number
 *   of folders.
 * - Matching respects case, but ignores the Unicode normalization form. Names that begin with a dot have no special
 *   meaning.
 *
 * @throws `TypeError` if the value is neither patterns nor a function, or a pattern has characters with a special
 * meaning in other tools.
 */
export function ignoreRule(ignore: Ignore): (path: string) => boolean {
  if (typeof ignore === 'function') {
    return (path) => {
      const answer: unknown = ignore(path);
      if (typeof answer === 'boolean') return answer;
      throw new TypeError(`options.ignore expected to give a boolean, got ${describe(answer)}`);
    };
  }
  if (!Array.isArray(ignore)) {
    throw new TypeError(
      `options.ignore expected an array of patterns or a function, got ${describe(ignore)}`,
    );
  }
  const patterns = ignore.map(readPattern);
  return (path) => {
    const isFolder = path.endsWith('/');
    const names = path.normalize('NFC').replace(/\/$/, '').split('/');
    return patterns.some(
      ({ parts, isFolderOnly }) =>
        (isFolder || !isFolderOnly) && fits(parts, names, isAnyFolders, fitsName),
    );
  };
}

interface Pattern {
  /** One part for each name in the path. */
  readonly parts: readonly string[];
  readonly isFolderOnly: boolean;
}

const ANY_FOLDERS = '**';
const isAnyFolders = (part: string): boolean => part === ANY_FOLDERS;

function readPattern(pattern: unknown): Pattern {
  if (typeof pattern !== 'string') {
    throw new TypeError(`options.ignore expected patterns as strings, got ${describe(pattern)}`);
  }
  const refuse = (why: string) =>
    new TypeError(`options.ignore: ${JSON.stringify(pattern)} ${why}, or pass a function`);
  if (/[[\]{}\\]|^!/.test(pattern)) {
    throw refuse(
      'has one of [ ] { } \\ or begins with "!", which mean nothing here: use *, ** and ?',
    );
  }
  const isFolderOnly = pattern.endsWith('/');
  const parts = pattern.normalize('NFC').replace(/\/$/, '').split('/');
  // A pattern with a leading "/" matches in the top folder only.
  const isPath = parts.length > 1;
  if (isPath && parts[0] === '') parts.shift();
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw refuse('names no file: write it as seen from the folder, as in "assets/*.txt"');
  }
  if (!isPath) return { parts: [ANY_FOLDERS, ...parts], isFolderOnly };
  // "a/**" matches the content of the folder "a", but neither the folder itself nor a file with this name.
  if (parts.at(-1) === ANY_FOLDERS) parts.splice(-1, 1, ANY_FOLDERS, '*');
  return { parts, isFolderOnly };
}

function fitsName(part: string, name: string): boolean {
  return fits(
    [...part],
    [...name],
    (character) => character === '*',
    (character, other) => character === '?' || character === other,
  );
}

/** Backtracks to the last wildcard only, because another match of earlier wildcards cannot help. */
function fits(
  pattern: readonly string[],
  text: readonly string[],
  isAny: (part: string) => boolean,
  isOne: (part: string, item: string) => boolean,
): boolean {
  let at = 0;
  let wildcard = -1;
  let taken = 0;
  for (let i = 0; i < text.length; ) {
    const part = pattern[at];
    if (part !== undefined && isAny(part)) {
      wildcard = at++;
      taken = i;
    } else if (part !== undefined && isOne(part, text[i] as string)) {
      at++;
      i++;
    } else if (wildcard !== -1) {
      at = wildcard + 1;
      i = ++taken;
    } else {
      return false;
    }
  }
  return pattern.slice(at).every(isAny);
}

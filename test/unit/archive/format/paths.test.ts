// Which names an archive may hold, held to every bound and to every word of what is said.

import { describe, expect, it, vi } from 'vitest';
import { createPathSet, pathFault } from '../../../../src/archive/format/paths.ts';
import { printable } from '../../../../src/archive/format/printable.ts';

const HALF = 'is not Unicode (half of a surrogate pair): rename it';
const CONTROL = 'holds a control character: rename it';
const BACKSLASH =
  'has a backslash, which is a folder on one platform and a letter on others: write "/"';
const ABSOLUTE = 'is an absolute path: name files as seen from the folder';
const DRIVE = 'begins with a drive: name files as seen from the folder';
const WINDOWS = 'has one of < > : " | ? *, which Windows does not allow in names: rename it';
const DROPPED = 'has a name that ends in a dot or a space: Windows drops it, rename it';
const LONG_PATH = 'is longer than 1024 bytes, which not every device can open: shorten it';
const LONG_NAME = 'has a name longer than 255 bytes: shorten it';
const device = (name: string) => `has the name of a device of Windows ("${name}"): rename it`;

describe('a path', () => {
  it.each<[string, string]>([
    ['', 'is empty: give the file a name'],
    ['a\ud800', HALF],
    ['a\ud800b', HALF],
    ['\udc00a', HALF],
    ['a\udc00', HALF],
    ['\udc00\ud800', HALF],
    ['\ud83d\ude00\ude00', HALF],
    ['a\\b', BACKSLASH],
    ['/a', ABSOLUTE],
    ['c:a', DRIVE],
    ['C:/a', DRIVE],
    ['Z:', DRIVE],
    ['ab:c', WINDOWS],
    ['a/b:c', WINDOWS],
    ['1:/a', WINDOWS],
    ['a//b', 'has a folder without a name ("//"): write one "/"'],
    ['a/', 'has a folder without a name ("//"): write one "/"'],
    [
      'a/../b',
      'climbs out of the folder with "..": only a hostile archive does that, do not use it',
    ],
    ['./a', 'has a "." in it: zip the files by their names, not by "."'],
    ['a.', DROPPED],
    ['a ', DROPPED],
    ['a /b', DROPPED],
    ['...', DROPPED],
  ])('like %j is refused, and it is said why', (path, fault) => {
    expect(pathFault(path)).toBe(fault);
  });

  it('has none of the control characters, and every other character of one unit', () => {
    const refused: number[] = [];
    for (let code = 0; code <= 0xffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      if (pathFault(`a${String.fromCharCode(code)}b`) === CONTROL) refused.push(code);
    }
    const controls = Array.from({ length: 0xa0 }, (_, code) => code).filter(
      (code) => code < 0x20 || code >= 0x7f,
    );
    expect(refused).toEqual(controls);
  });

  it('has no character that Windows does not allow, and every other one that can be typed', () => {
    const refused: string[] = [];
    for (let code = 0x20; code <= 0x7e; code++) {
      const character = String.fromCharCode(code);
      if (pathFault(`ab${character}c`) === WINDOWS) refused.push(character);
    }
    expect(refused.join('')).toBe('"*:<>?|');
  });

  it('is not named like a device, in any case and whatever follows a dot', () => {
    const devices = ['con', 'PRN', 'Aux', 'nul', 'CONIN$', 'conout$'];
    for (const digit of '0123456789¹²³') devices.push(`com${digit}`, `LPT${digit}`);
    for (const name of devices) {
      for (const path of [name, `a/${name}`, `${name}/a`, `${name}.tar.gz`, `${name} .js`]) {
        expect(pathFault(path), path).toBe(device(name));
      }
      // Spaces before the dot are dropped, however many.
      expect(pathFault(`${name}   .js`)).toBe(device(name));
      expect(pathFault(`a${name}`)).toBeUndefined();
      expect(pathFault(`${name}a`)).toBeUndefined();
      expect(pathFault(` ${name}`)).toBeUndefined();
      expect(pathFault(`a.${name}`)).toBeUndefined();
    }
    for (const path of ['com', 'lpt', 'coma', 'com10', 'conin', 'conout', 'con a.js', 'c on.js']) {
      expect(pathFault(path), path).toBeUndefined();
    }
  });

  it('has names of up to 255 bytes of UTF-8', () => {
    for (const name of ['x'.repeat(255), `${'é'.repeat(127)}x`, '€'.repeat(85)]) {
      expect(pathFault(name)).toBeUndefined();
      expect(pathFault(`${name}x`)).toBe(LONG_NAME);
      expect(pathFault(`a/${name}x`)).toBe(LONG_NAME);
    }
  });

  it('has up to 1024 bytes of UTF-8', () => {
    for (const letters of ['x'.repeat(220), 'é'.repeat(110)]) {
      const path = [...Array.from({ length: 4 }, () => 'é'.repeat(100)), letters].join('/');
      expect(pathFault(path)).toBeUndefined();
      expect(pathFault(`${path}x`)).toBe(LONG_PATH);
    }
  });

  it('lies in up to 64 folders', () => {
    expect(pathFault(`${'x/'.repeat(64)}x`)).toBeUndefined();
    expect(pathFault(`${'x/'.repeat(65)}x`)).toBe('lies more than 64 folders deep: move it up');
  });

  it('that only looks strange is accepted', () => {
    for (const path of [
      '.a',
      '..a',
      'a..b',
      'a b',
      ' a',
      'a.b c',
      'zoë/😀',
      '\uffff',
      'c',
      'cd/e',
    ]) {
      expect(pathFault(path), path).toBeUndefined();
    }
  });
});

describe('a path in a message', () => {
  it('has up to 200 characters', () => {
    expect(printable('x'.repeat(200))).toBe('x'.repeat(200));
    expect(printable('x'.repeat(201))).toBe(`${'x'.repeat(200)}…`);
  });

  it('is ASCII if the engine does not know which characters are visible', () => {
    vi.stubGlobal('RegExp', () => {
      throw new SyntaxError('Invalid property name');
    });
    let shown: string;
    try {
      shown = printable('~ zoë\u202e!\n');
    } finally {
      vi.unstubAllGlobals();
    }
    expect(shown).toBe('~ zo\\u{eb}\\u{202e}!\\u{a}');
  });
});

const BOTH = 'is a file and a folder at once: rename one';
const TWICE = 'is there twice: keep one of the two';
const oneFile = (other: string) =>
  `and "${other}" are one file where case or the form of accents does not count: rename one`;
const inFile = (file: string) => `lies in "${file}", which is a file: rename one`;

describe('paths beside each other', () => {
  /** The message about the last of these names; the others are accepted. A "/" at the end marks a folder. */
  function faultOf(...paths: readonly string[]): string | undefined {
    const set = createPathSet();
    const faults = paths.map((path) =>
      path.endsWith('/') ? set.add(path.slice(0, -1), true) : set.add(path, false),
    );
    expect(faults.slice(0, -1)).toEqual(paths.slice(0, -1).map(() => undefined));
    return faults.at(-1);
  }

  it.each<[readonly string[], string]>([
    [['a', 'a'], TWICE],
    [['a', 'A'], oneFile('a')],
    [['A/b', 'a/B'], oneFile('A/b')],
    [['\u00e9', 'e\u0301'], oneFile('\u00e9')],
    [['\u00e9', 'E\u0301'], oneFile('\u00e9')],
    [['\u00df', 'SS'], oneFile('\u00df')],
    [['ss', '\u00df'], oneFile('ss')],
    [['stra\u00dfe', 'STRASSE'], oneFile('stra\u00dfe')],
    [['\u017f', 's'], oneFile('\u017f')],
    [['\u212a', 'k'], oneFile('\u212a')],
    // The other's name is shown, and moves no cursor.
    [['\u200b\u00c9', '\u200b\u00e9'], oneFile('\\u{200b}\u00c9')],
    [['a/', 'a'], BOTH],
    [['a', 'a/'], BOTH],
    [['a/b', 'A'], BOTH],
    [['a/b/c', 'a/b'], BOTH],
    [['a/b/c', 'a'], BOTH],
    [['a/b/', 'a'], BOTH],
    [['a', 'a/b'], inFile('a')],
    [['A', 'a/b/c/d'], inFile('a')],
    [['x/a', 'x/a/b/'], inFile('x/a')],
  ])('%j are refused, and it is said why', (paths, fault) => {
    expect(faultOf(...paths)).toBe(fault);
  });

  it.each<[readonly string[]]>([
    [['ab', 'a']],
    [['ab/c', 'a']],
    [['a', 'ab/c']],
    [['a', 'ab']],
    [['a/b', 'a/c', 'a/']],
    [['a/', 'a/b', 'a/b2']],
    [['a/', 'a/', 'A/']],
    [['a/b/c', 'a/b/d', 'a/e', 'b', 'c']],
    [['e', 'e\u0301']],
    [['\u00e9', '\u00e8']],
    [['a/b', 'b/a', 'b/b']],
  ])('%j stand beside each other', (paths) => {
    expect(faultOf(...paths)).toBeUndefined();
  });
});

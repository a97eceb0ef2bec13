// The id of a release against the tools of every Unix: the shell line that the documentation gives.

import { describe, expect, it } from 'vitest';
import { releaseId } from '../../src/release.ts';
import { idByShell } from '../support/release-id.ts';
import { textOf, utf8 } from '../support/zip.ts';

const RELEASES: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>> = {
  'one file': { 'index.html': utf8('<!doctype html>') },
  'an empty file, and files in folders': {
    'b/c/d.js': textOf(100_000),
    'b/c.js': textOf(5),
    'b-c.js': utf8(''),
  },
  'names that sort otherwise in UTF-16, or in a locale': {
    '\u{1f600}.js': utf8('1'),
    '\uff5e.js': utf8('2'),
    'B.js': utf8('3'),
    'a.js': utf8('4'),
    '\u00e4.js': utf8('5'),
    'a b.js': utf8('6'),
    '-n': utf8('7'),
  },
  'a stamp in the root, and one that is none': {
    'bundleseal-release.json': utf8('{}'),
    'a/bundleseal-release.json': utf8('{}'),
  },
};

describe('the id of a release', () => {
  it.each(Object.entries(RELEASES))(
    'of %s is the one that the shell line prints',
    async (_, files) => {
      expect(await releaseId(files)).toBe(idByShell(files));
    },
  );
});

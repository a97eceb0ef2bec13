import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Base64Alphabet, fromBase64, toBase64 } from '../../src/base64.ts';
import { runs } from '../support/scope.ts';

const ALPHABETS: readonly Base64Alphabet[] = ['base64', 'base64url'];
const ascii = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

describe('base64', () => {
  // RFC 4648 §10.
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('spells "%s" as RFC 4648 does', (plain, text) => {
    expect(toBase64(ascii(plain), 'base64')).toBe(text);
    expect(fromBase64(text, 'base64')).toEqual(ascii(plain));
    const unpadded = text.replaceAll('=', '');
    expect(toBase64(ascii(plain), 'base64url')).toBe(unpadded);
    expect(fromBase64(unpadded, 'base64url')).toEqual(ascii(plain));
  });

  it('differs from base64url in two characters and the padding', () => {
    const bytes = Uint8Array.of(0xfb, 0xff, 0xfe, 0xff);
    expect(toBase64(bytes, 'base64')).toBe('+//+/w==');
    expect(toBase64(bytes, 'base64url')).toBe('-__-_w');
    expect(fromBase64('+//+/w==', 'base64')).toEqual(bytes);
    expect(fromBase64('-__-_w', 'base64url')).toEqual(bytes);
  });

  it('is that of the runtime, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const theirs = btoa(String.fromCharCode(...bytes));
        expect(toBase64(bytes, 'base64')).toBe(theirs);
      }),
    );
  });

  it.each(ALPHABETS)('round-trips bytes in %s', (name) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(fromBase64(toBase64(bytes, name), name)).toEqual(Uint8Array.from(bytes));
      }),
    );
  });

  it.each(ALPHABETS)('reads in %s only texts that it writes', (name) => {
    const characters = fc.constantFrom(...'AQgwZ019+/-_= \n');
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 9 }), (text) => {
        const bytes = fromBase64(text, name);
        if (bytes !== undefined) expect(toBase64(bytes, name)).toBe(text);
      }),
      { numRuns: runs(5_000) },
    );
  });

  it.each(ALPHABETS)('accepts in %s a last character only if its unused bits are 0', (name) => {
    const last = name === 'base64' ? '+/' : '-_';
    const digits = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${last}`;
    expect(new Set(digits).size).toBe(64);
    const pad = (text: string) => (name === 'base64' ? text.padEnd(4, '=') : text);
    const taken = (head: string) =>
      [...digits].filter((c) => fromBase64(pad(head + c), name)).length;
    expect(taken('A')).toBe(4);
    expect(taken('AA')).toBe(16);
    expect(taken('AAA')).toBe(64);
  });

  it.each([
    ['unused bits of a last byte', 'Zh=='],
    ['unused bits of two last bytes', 'Zm9='],
    ['no padding', 'Zg'],
    ['half of the padding', 'Zg='],
    ['padding where none belongs', 'Zm9v='],
    ['a group of padding', 'Zm9v===='],
    ['padding alone', '===='],
    ['one padding character alone', '='],
    ['three padding characters', 'Z==='],
    ['padding within', 'Zg==Zm9v'],
    ['a line break at the end', 'Zm9v\n'],
    ['a line break within', 'Zm9v\nZm9v'],
    ['a space within', 'Zm9 Zm9v'],
    ['four spaces', '    '],
    ['the other alphabet', '-__-'],
    ['a character beyond ASCII', 'Zm9\u0141'],
    ['a character whose low byte is in the alphabet', 'Zm9\u0176'],
    ['a NUL', 'Zm9\0'],
    ['one character over', 'Zm9vZ'],
  ])('refuses %s', (_, text) => {
    expect(fromBase64(text, 'base64')).toBeUndefined();
  });

  it.each([
    ['unused bits of a last byte', 'Zh'],
    ['unused bits of two last bytes', 'Zm9'],
    ['padding', 'Zg=='],
    ['one character over', 'Zm9vZ'],
    ['the other alphabet', '+//+'],
    ['a line break at the end', 'Zm9v\n'],
    ['a space', 'Zm9 '],
    ['a character beyond ASCII', 'Zm9\u0141'],
  ])('refuses in base64url %s', (_, text) => {
    expect(fromBase64(text, 'base64url')).toBeUndefined();
  });
});

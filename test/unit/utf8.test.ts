// By the language alone, as the platform's coders do it: Hermes has none.

import { describe, expect, it, vi } from 'vitest';
import { pathFault } from '../../src/archive/format/paths.ts';
import { printable } from '../../src/archive/format/printable.ts';
import { decryptBundle, keyId } from '../../src/index.ts';
import { decodeText, decodeUtf8, encodeUtf8 } from '../../src/utf8.ts';
import { everyNthInPage } from '../support/scope.ts';
import { asBase64, base64, vectors } from '../support/vectors.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

describe('UTF-8', () => {
  it.each(['', 'a%41b', 'é', '\n\u0000\u007f', '€😀', '\uFEFFmark', '~!*()\'"', '\u{10FFFF}'])(
    'is written and read as by the platform: %j',
    (text) => {
      const bytes = new TextEncoder().encode(text);
      expect(encodeUtf8(text)).toEqual(bytes);
      expect(decodeUtf8(bytes)).toBe(text);
    },
  );

  it('is decoded by the platform, and by ECMAScript functions if the platform has no strict decoder', () => {
    const bytes = new TextEncoder().encode('\uFEFFa€😀');
    const decode = vi.spyOn(TextDecoder.prototype, 'decode');
    expect(decodeText(bytes)).toBe('\uFEFFa€😀');
    expect(decode).toHaveBeenCalledOnce();
    decode.mockRestore();
    const lenient = class {
      readonly fatal = false;
      decode = () => 'not strict';
    };
    for (const decoder of [undefined, lenient]) {
      vi.stubGlobal('TextDecoder', decoder);
      expect(decodeText(bytes)).toBe('\uFEFFa€😀');
      expect(() => decodeText(Uint8Array.of(0xff))).toThrow();
      vi.unstubAllGlobals();
    }
    expect(() => decodeText(Uint8Array.of(0xff))).toThrow();
  });

  it('is refused if the platform refuses it: every two bytes, and known tricks', () => {
    const outcome = (read: () => string) => {
      try {
        return read();
      } catch {
        return undefined;
      }
    };
    const cases: number[][] = [
      [0xe0, 0x80, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf0, 0x80, 0x80, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe2, 0x82],
    ];
    // In a page every fifth, so that each first byte and each second byte has its turn.
    for (const both of everyNthInPage([...Array(0x10000).keys()], 5)) {
      cases.push([both >> 8, both & 0xff]);
    }
    // Most cases throw, and the stack of an error takes longer than the decoding.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      const different = cases.filter((bytes) => {
        const input = Uint8Array.from(bytes);
        return outcome(() => decodeUtf8(input)) !== outcome(() => strict.decode(input));
      });
      expect(different).toEqual([]);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});

describe('names in an archive', () => {
  it('are refused for the same characters as with property escapes', () => {
    const different: number[] = [];
    for (let code = 0; code < 0x10000; code++) {
      const name = `x${String.fromCharCode(code)}y`;
      const wanted = /[\p{Cc}\p{Surrogate}]/u.test(name);
      const got = /control character|half of a surrogate/.test(pathFault(name) ?? '');
      if (got !== wanted) different.push(code);
    }
    expect(different).toEqual([]);
    expect(pathFault('x😀😀y')).toBeUndefined();
    for (const half of ['\ud83dx', 'x\ude00', '\ude00', '😀\ude00', '\ud83d😀', '\ud83d']) {
      expect(pathFault(half)).toMatch(/half of a surrogate pair/);
    }
  });

  it('are printed in ASCII if the engine has no property escapes', () => {
    vi.stubGlobal('RegExp', () => {
      throw new SyntaxError('Invalid escape');
    });
    try {
      expect(printable('a\u202eé')).toBe('a\\u{202e}\\u{e9}');
    } finally {
      vi.unstubAllGlobals();
    }
    expect(printable('a\u202eé')).toBe('a\\u{202e}é');
  });
});

it('a bundle is opened without AbortController, TextEncoder and TextDecoder', async () => {
  for (const name of ['AbortController', 'AbortSignal', 'TextEncoder', 'TextDecoder']) {
    vi.stubGlobal(name, undefined);
  }
  try {
    for (const { sealed, plain, key } of vectors.good) {
      const publicKey = vectors.keys[key].spki;
      const opened = await decryptBundle(base64(sealed), { publicKey, backend: 'noble' });
      expect(asBase64(opened)).toBe(plain);
      // A key as the bytes of its file, with a byte order mark.
      expect(await keyId(encodeUtf8(`\ufeff${publicKey}`))).toBe(await keyId(publicKey));
    }
  } finally {
    vi.unstubAllGlobals();
  }
});

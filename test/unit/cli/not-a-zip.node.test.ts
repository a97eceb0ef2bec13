// Recognising bytes that should be a zip and are not.

import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEAD_LENGTH, recognise } from '../../../src/cli/not-a-zip.ts';
import { encryptBundle } from '../../../src/index.ts';
import { derOf } from '../../support/keys.ts';
import { keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

const look = (bytes: Uint8Array) => recognise(bytes.subarray(0, HEAD_LENGTH), bytes.length);
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const utf16 = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'));

function tar(): Uint8Array {
  const block = new Uint8Array(1024);
  block.set(utf8('index.html'));
  block.set(utf8('ustar\0'), 257);
  return block;
}

describe('recognise', () => {
  const cases: readonly (readonly [name: string, bytes: Uint8Array, said: RegExp])[] = [
    ['nothing at all', new Uint8Array(), /empty file/],
    ['a web page', utf8('<!DOCTYPE html><title>404</title>'), /web page, as servers/],
    ['a web page behind a byte order mark and lines', utf8('\ufeff\r\n\t <html>'), /web page/],
    ['a web page in UTF-16', utf16('\ufeff<html>'), /web page/],
    ['a web page in UTF-16 without a mark', utf16('<html>'), /web page/],
    ['a web page in UTF-16, big-endian', new Uint8Array([0xfe, 0xff, 0, 0x3c, 0, 0x68]), /page/],
    ['XML', utf8('<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>'), /XML/],
    ['an object of JSON', utf8('{"message":"Not Found"}'), /JSON/],
    ['an array of JSON', utf8('\n[1, 2]'), /JSON/],
    ['a long text of JSON', utf8(`{"a":"${'x'.repeat(100_000)}"}`), /JSON/],
    ['gzip', gzipSync('index'), /gzip/],
    ['xz', latin1('\xfd7zXZ\0\0\x04'), /xz/],
    ['Zstandard', latin1('\x28\xb5\x2f\xfd\x04'), /Zstandard/],
    ['bzip2', latin1('BZh91AY&SY\x8e'), /bzip2/],
    ['7-Zip', latin1('7z\xbc\xaf\x27\x1c\0\x04'), /7-Zip/],
    ['RAR', latin1('Rar!\x1a\x07\x01\0'), /RAR/],
    ['tar', tar(), /tar archive/],
    ['PDF', latin1('%PDF-1.7\n%\xe2\xe3'), /PDF/],
    ['PNG', latin1('\x89PNG\r\n\x1a\n\0'), /PNG/],
    ['JPEG', latin1('\xff\xd8\xff\xe0\0\x10JFIF'), /JPEG/],
    ['GIF', latin1('GIF89a\x01\0'), /GIF/],
    ['ELF', latin1('\x7fELF\x02\x01'), /ELF/],
    ['Mach-O', latin1('\xcf\xfa\xed\xfe\x07'), /Mach-O/],
    ['Mach-O of several kinds of processor', latin1('\xca\xfe\xba\xbe\0\0\0\x02'), /Mach-O/],
    ['a program for Windows', latin1('MZ\x90\0\x03'), /Windows/],
    ['a pointer of Git LFS', utf8('version https://git-lfs.github.com/spec/v1\noid'), /lfs pull/],
    ['a private key', utf8(keyB.pkcs8), /private key/],
    ['a private key in DER', derOf(keyB.pkcs8), /private key \(PKCS#8\)/],
    ['a public key', utf8(keyB.spki), /PEM/],
    ['an answer with its header', utf8('HTTP/1.1 302 Found\r\nLocation: /'), /server/],
    ['a zip in base64', utf8('UEsDBBQAAAAIAAAAIQ'), /base64/],
    ...[
      'Not Found',
      '404 page not found\n',
      'error code: 1020',
      'Access Denied',
      '403 Forbidden',
      'unauthorized',
      'The link has expired',
      'Found. Redirecting to /login',
      'Too Many Requests',
      'upstream request timeout',
      'no such key',
      '502 Bad Gateway',
    ].map(
      (text) => [`the answer "${text}"`, utf8(text), /error message that servers send/] as const,
    ),
  ];

  it.each(cases)('names %s', (_, bytes, said) => {
    expect(look(bytes)).toMatch(said);
  });

  it('names a sealed bundle, and its seal as text', async () => {
    const { bytes, seal } = await encryptBundle(utf8('x'), { privateKey: keyB.pkcs8 });
    expect(look(bytes)).toMatch(/sealed already/);
    expect(look(utf8(seal))).toMatch(/the seal of a bundle/);
  });

  it.each([
    ['a word', utf8('hello')],
    ['settings', utf8('colour = blue\n')],
    ['a long text that speaks of errors', utf8('an error is not found here. '.repeat(50))],
    ['encrypted data that begins like a page', latin1(`<\x03\xf0${'\x9a\x01'.repeat(50)}`)],
    ['zero bytes', new Uint8Array(3000)],
  ])('takes %s for nothing in particular', (_, bytes) => {
    expect(look(bytes)).toBeUndefined();
  });

  it('does not recognise random bytes', () => {
    const random = fc.uint8Array({ minLength: 256, maxLength: 4096 });
    fc.assert(
      fc.property(random, fc.constantFrom(0x3c, 0x7b, 0x5b), (bytes, first) => {
        bytes[0] = first;
        // Random bytes have control characters among the first. These also keep the bytes from looking like UTF-16, which
        // has a zero at every second place, and like the formats that have their mark at byte 4, 8 or 257.
        bytes.set([0x01, 0x9c, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07], 1);
        bytes[257] = 0;
        expect(look(bytes)).toBeUndefined();
      }),
    );
  });

  it('recognises pages and JSON after any white space, in UTF-8 and UTF-16', () => {
    const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 20 });
    const begin = fc.constantFrom('<', '{', '[');
    const words = fc.string({
      unit: fc.constantFrom('a', 'é', '>', '"', '}', '\n'),
      maxLength: 90,
    });
    const encode = fc.constantFrom(utf8, utf16);
    fc.assert(
      fc.property(
        space,
        begin,
        words,
        encode,
        fc.boolean(),
        (blank, first, rest, write, isMarked) => {
          const bytes = write(`${isMarked ? '\ufeff' : ''}${blank}${first}${rest}`);
          // Two bytes of UTF-16 without a mark are too few to tell.
          fc.pre(bytes.length > 3);
          expect(look(bytes)).toMatch(/page|JSON/);
        },
      ),
    );
  });

  it('never throws for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const what = look(bytes);
        expect(what === undefined || what.length > 3).toBe(true);
      }),
    );
  });
});

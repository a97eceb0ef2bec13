// Private keys in files that a build has compressed for a web server.
// @vitest-environment-options { "own": "find-leaked-key" }

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { findPublishedKey } from '../../../src/files/find-leaked-key.ts';
import { readDirectory } from '../../../src/files/read-directory.ts';
import { MAX_LOOKED_INTO } from '../../../src/keys/find-private.ts';
import { zipDirectory } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import { makeFolder } from '../../support/files.ts';
import { keyB } from '../../support/vectors.ts';

const script = Buffer.from(`const key = \`${keyB.pkcs8}\`;\n`);
const FORMS: readonly [extension: string, compress: (bytes: Uint8Array) => Buffer][] = [
  ['gz', (bytes) => gzipSync(bytes)],
  ['br', (bytes) => brotliCompressSync(bytes)],
];

describe.each(FORMS)('the search for keys in .%s files', (extension, compress) => {
  const name = `assets/app.js.${extension}`;
  const padded = (length: number) =>
    compress(Buffer.concat([script, Buffer.alloc(length - script.length, 10)]));

  it('finds a private key in the content', () => {
    expect(findPublishedKey(name, compress(script))).toBe('a private key (PKCS#8) (compressed)');
    expect(findPublishedKey(name.toUpperCase(), compress(script))).toMatch(/private key/);
  });

  it('goes by the end of the name alone', () => {
    const misleading = `a.gz/b.br/gz.br.js.${extension}`;
    expect(findPublishedKey(misleading, compress(script))).toMatch(/private key/);
  });

  it('passes content without a private key, and a key that is public', () => {
    for (const text of ['console.log(1)', keyB.spki, '']) {
      expect(findPublishedKey(name, compress(Buffer.from(text)))).toBeUndefined();
    }
  });

  it('searches content of up to 64 KiB, as in files that are not compressed', () => {
    expect(findPublishedKey(name, padded(MAX_LOOKED_INTO))).toMatch(/private key/);
    expect(findPublishedKey(name, padded(MAX_LOOKED_INTO + 1))).toBeUndefined();
  });

  it('stops at 64 KiB of a file that decompresses to 16 MiB', () => {
    const bomb = compress(Buffer.alloc(2 ** 24));
    const before = process.memoryUsage().arrayBuffers;
    expect(findPublishedKey(name, bomb.subarray(0, MAX_LOOKED_INTO))).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 22);
  });

  it('finds a key before the place where a file was cut', () => {
    const whole = compress(Buffer.concat([script, Buffer.from(keyB.spki)]));
    expect(findPublishedKey(name, whole.subarray(0, -20))).toMatch(/private key/);
  });

  it('takes damaged data and other data as no key', () => {
    const damaged = compress(script).fill(0xff, 20, 60);
    for (const bytes of [damaged, script.subarray(0, 30), new Uint8Array()]) {
      expect(findPublishedKey(name, bytes)).toBeUndefined();
    }
  });

  it('knows a key store by the name before the extension', () => {
    const large = new Uint8Array(MAX_LOOKED_INTO + 1);
    expect(findPublishedKey(`upload.jks.${extension}`, large)).toMatch(/key store/);
  });

  it('makes zipDirectory and readDirectory refuse the folder unless keys are allowed', async () => {
    const root = makeFolder();
    const folder = join(root, 'dist');
    mkdirSync(join(folder, 'assets'), { recursive: true });
    writeFileSync(join(folder, 'index.html'), '<p>');
    writeFileSync(join(folder, name), compress(script));
    const works = [
      () => zipDirectory(folder, join(root, 'app.zip')),
      () => readDirectory(folder, {}),
    ];
    for (const work of works) {
      const error = await rejection(work(), 'ERR_ARCHIVE_INVALID');
      expect(error).toMatchObject({ path: name });
      expect(error.message).toContain('holds a private key (PKCS#8) (compressed), and everyone');
    }
    const made = await zipDirectory(folder, join(root, 'app.zip'), { privateKeys: 'allow' });
    expect(made.entries).toBe(2);
  });
});

it('the search for leaked keys finds a key in plain files and takes no other file as compressed', () => {
  expect(findPublishedKey('app.js', script)).toBe('a private key (PKCS#8)');
  expect(findPublishedKey('app.js.gz', script)).toBe('a private key (PKCS#8)');
  expect(findPublishedKey('app.js', gzipSync(script))).toBeUndefined();
});

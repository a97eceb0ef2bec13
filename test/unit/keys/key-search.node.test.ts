// Private keys in large files: found at any place and in any pieces, and nothing else is.

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDirectory } from '../../../src/files/read-directory.ts';
import { createKeySearch } from '../../../src/keys/key-search.ts';
import { zipDirectory } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import { makeFolder } from '../../support/files.ts';
import { rsa2048Pkcs8 } from '../../support/keys.ts';

const privateKey = createPrivateKey(rsa2048Pkcs8);
const publicKey = createPublicKey(privateKey);
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const base64 = (content: string | Uint8Array) => Buffer.from(content).toString('base64');
const jwk = JSON.stringify(privateKey.export({ format: 'jwk' }));

const KEYS: Record<string, string> = {
  'PEM in a template': `\`${pkcs8}\``,
  'PEM in a string': JSON.stringify(pkcs8),
  'PEM of an EC key': JSON.stringify(ec.privateKey.export({ type: 'sec1', format: 'pem' })),
  'base64 of PEM': `"${base64(pkcs8)}"`,
  'base64 of DER': `"${base64(privateKey.export({ type: 'pkcs1', format: 'der' }))}"`,
  'a JWK in JSON': JSON.stringify(jwk),
  'a JWK in a minified script': jwk.replace(/"(\w+)":/g, '$1:'),
};

// Code of a library that reads keys mentions their forms.
const CODE = `function t(e){if(/-----BEGIN PRIVATE KEY-----/.test(e))return{kty:"RSA",d:e.d};return "MIIB"+e}\n`;
const filler = (length: number) => CODE.repeat(Math.ceil(length / CODE.length)).slice(0, length);

/** Gives pieces to a search in memory that is used again, and returns what it finds. */
function searchIn(text: string, lengths: readonly number[]): string | undefined {
  const bytes = Buffer.from(text);
  const search = createKeySearch();
  const memory = new Uint8Array(bytes.length);
  let found: string | undefined;
  for (let at = 0, round = 0; at < bytes.length; round++) {
    const length = Math.min(lengths[round % lengths.length] as number, bytes.length - at);
    const piece = memory.subarray(0, length);
    piece.set(bytes.subarray(at, at + length));
    found ??= search(piece);
    memory.fill(0);
    at += length;
  }
  return found;
}

describe('the search in a large file', () => {
  it.each(Object.entries(KEYS))('finds %s, wherever it is and in any pieces', (_, key) => {
    const places = fc.integer({ min: 0, max: 300_000 });
    const pieces = fc.array(fc.integer({ min: 500, max: 2 ** 18 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(places, pieces, (place, lengths) => {
        const script = `${filler(place)}\nconst key = ${key};\n${filler(1000)}`;
        expect(searchIn(script, lengths)).toMatch(/private key/);
      }),
      { numRuns: 20 },
    );
  });

  it('finds a key that two pieces of 256 KiB share at every place', () => {
    for (const before of [1, 5, 13, 14, 15, 40, 900, 1700]) {
      const script = `${filler(2 ** 18 - before)}${KEYS['PEM in a string']};`;
      expect(searchIn(script, [2 ** 18])).toBe('a private key (PKCS#8)');
    }
  });

  it('finds the longest keys, of 16,384 bits, in base64 of PEM', () => {
    // The numbers of such a key take minutes to make, so the members have its lengths but not its values.
    const integer = (length: number) =>
      Buffer.concat([Buffer.from([2, 0x82, length >> 8, length & 255]), Buffer.alloc(length, 1)]);
    const members = [Buffer.from([2, 1, 0]), integer(2048), Buffer.from([2, 1, 3]), integer(2048)];
    const content = Buffer.concat([...members, ...Array.from({ length: 5 }, () => integer(1024))]);
    const der = Buffer.concat([
      Buffer.from([0x30, 0x82, content.length >> 8, content.length & 255]),
      content,
    ]);
    const lines = base64(der).replace(/.{64}/g, '$&\n');
    const text = base64(
      `-----BEGIN RSA PRIVATE KEY-----\n${lines}\n-----END RSA PRIVATE KEY-----\n`,
    );
    expect(text.length).toBeGreaterThan(16_000);
    for (const before of [10, text.length / 2, text.length - 10]) {
      const script = `${filler(2 ** 18 - Math.floor(before) - 1)}"${text}";`;
      expect(searchIn(script, [2 ** 18])).toBe('an RSA private key');
    }
  });

  it('passes scripts with public keys, certificates and code that reads keys', () => {
    const certificate = `-----BEGIN CERTIFICATE-----\n${base64(Buffer.alloc(900, 5))}\n-----END CERTIFICATE-----`;
    const publicJwk = JSON.stringify(publicKey.export({ format: 'jwk' }));
    const der = base64(publicKey.export({ type: 'spki', format: 'der' }));
    const script = [
      filler(200_000),
      JSON.stringify(spki),
      certificate,
      publicJwk,
      der,
      base64(spki),
    ];
    expect(searchIn(`${script.join(';\n')};${filler(200_000)}`, [2 ** 18])).toBeUndefined();
  });
});

describe('a folder with a private key in a large script', () => {
  const script = `${filler(2 ** 18 - 500)}const key = ${KEYS['PEM in a string']};${filler(90_000)}`;

  it.each<[string, (folder: string, root: string, privateKeys?: 'allow') => Promise<unknown>]>([
    [
      'zipDirectory',
      (folder, root, privateKeys) =>
        zipDirectory(folder, join(root, 'app.zip'), { ...(privateKeys && { privateKeys }) }),
    ],
    [
      'readDirectory',
      (folder, _, privateKeys) => readDirectory(folder, { ...(privateKeys && { privateKeys }) }),
    ],
  ])('is refused by %s, unless keys are allowed', async (_, work) => {
    const root = makeFolder();
    const folder = join(root, 'dist');
    mkdirSync(folder);
    writeFileSync(join(folder, 'index.html'), '<p>');
    writeFileSync(join(folder, 'app.js'), script);
    const error = await rejection(work(folder, root), 'ERR_ARCHIVE_INVALID');
    expect(error).toMatchObject({ path: 'app.js' });
    expect(error.message).toContain('holds a private key (PKCS#8), and everyone');
    await work(folder, root, 'allow');
  });
});

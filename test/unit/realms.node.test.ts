// Values of another realm (a frame of a page, a context of node:vm, a test runner): `instanceof` says no to all of them.
// @vitest-environment-options { "own": "realms" }

import { constants, createPrivateKey, privateEncrypt } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { brandOf, unshared } from '../../src/bytes.ts';
import * as capgo from '../../src/capgo.ts';
import {
  decryptBundle,
  encryptBundle,
  inspectBundle,
  keyId,
  openBundle,
  publicKeyOf,
  resealBundle,
} from '../../src/index.ts';
import { decryptPrivateKey } from '../../src/node.ts';
import { readClock } from '../../src/release/index-order.ts';
import { unzipBundle, zipBundle } from '../../src/zip.ts';
import { bytesOf } from '../support/bytes.ts';
import { capgoPair } from '../support/pairs.ts';
import { keyA, keyB } from '../support/vectors.ts';

const theirs = {
  bytes: (bytes: Uint8Array): Uint8Array => runInNewContext('Uint8Array.from(own)', { own: bytes }),
  buffer: (bytes: Uint8Array): ArrayBuffer =>
    runInNewContext('Uint8Array.from(own).buffer', { own: bytes }),
  map: (entries: readonly (readonly [string, unknown])[]): Map<string, never> =>
    runInNewContext('new Map(own)', { own: entries }),
};

const { pkcs8: privateKey, spki: publicKey } = keyA;
const plain = bytesOf(5000);
const der = (pem: string) => Buffer.from(pem.replace(/-----.*?-----/g, ''), 'base64');

describe('values of another realm', () => {
  it('are no instances of the classes of this one', () => {
    expect(theirs.bytes(plain)).not.toBeInstanceOf(Uint8Array);
    expect(theirs.buffer(plain)).not.toBeInstanceOf(ArrayBuffer);
    expect(theirs.map([])).not.toBeInstanceOf(Map);
  });

  it.each(['bytes', 'buffer'] as const)(
    'are accepted as keys, in DER and in PEM: %s',
    async (form) => {
      const utf8 = new TextEncoder();
      for (const bytes of [der(publicKey), utf8.encode(publicKey), utf8.encode(`\n${publicKey}`)]) {
        expect(await keyId(theirs[form](bytes))).toBe(await keyId(publicKey));
      }
      // In UTF-16, which the diagnosis of keys repairs.
      const utf16 = Buffer.from(`\ufeff${publicKey}`, 'utf16le');
      expect(await keyId(theirs[form](utf16))).toBe(await keyId(publicKey));
      const sealed = await encryptBundle(plain, { privateKey: theirs[form](der(privateKey)) });
      expect(await decryptBundle(sealed.bytes, { publicKey })).toEqual(plain);
    },
  );

  it('are accepted as the bytes of a private key under a passphrase', async () => {
    const passphrase = 'a';
    const encrypted = createPrivateKey(privateKey).export({
      ...{ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase },
    } as const);
    const opened = await decryptPrivateKey(theirs.bytes(encrypted), { passphrase });
    expect(await publicKeyOf(opened)).toBe(publicKey);
  });

  it('are copied out of shared memory, which WebCrypto refuses', () => {
    const shared: Uint8Array = runInNewContext('new Uint8Array(new SharedArrayBuffer(4)).fill(7)');
    const copy = unshared(shared);
    expect(brandOf(copy.buffer)).toBe('ArrayBuffer');
    expect([...copy]).toEqual([7, 7, 7, 7]);
  });

  it('are accepted as bundles', async () => {
    const sealed = await encryptBundle(theirs.buffer(plain), { privateKey });
    const bundle = theirs.bytes(sealed.bytes);
    expect(await decryptBundle(bundle, { publicKey })).toEqual(plain);
    expect(inspectBundle(bundle)).toMatchObject({ size: plain.length });
    const reader = await openBundle(bundle, { publicKey });
    expect(await reader.read(10, 5)).toEqual(plain.slice(10, 15));
    reader.close();
    const resealed = await resealBundle(bundle, { publicKey, privateKey: keyB.pkcs8 });
    expect(await decryptBundle(resealed, { publicKey: keyB.spki })).toEqual(plain);
  });

  it('are accepted as the answer of a signer', async () => {
    const key = { key: privateKey, padding: constants.RSA_PKCS1_PADDING };
    const signer = {
      publicKey,
      sign: async (payload: Uint8Array) => theirs.bytes(privateEncrypt(key, payload)),
    };
    const sealed = await encryptBundle(plain, { privateKey: signer });
    expect(await decryptBundle(sealed.bytes, { publicKey })).toEqual(plain);
  });

  it('are accepted as files of a zip', async () => {
    const files = theirs.map([['a.js', theirs.bytes(plain)]]);
    expect(await unzipBundle(await zipBundle(files))).toEqual(new Map([['a.js', plain]]));
  });

  it('are accepted as files of a manifest for Capgo', async () => {
    const pair = capgoPair(0);
    const zip = theirs.bytes(await zipBundle({ 'a.js': plain }));
    const { manifest, files, ivSessionKey, hashes } = await capgo.encryptManifest(
      { 'a.js': theirs.bytes(plain) },
      { privateKey: pair.privateKey, brotli: false, zip },
    );
    const moved = theirs.map([...files].map(([name, bytes]) => [name, theirs.bytes(bytes)]));
    const opened = await capgo.decryptManifest(manifest, moved, {
      publicKey: pair.publicKey,
      ivSessionKey,
      trusted: hashes,
    });
    expect([...opened]).toEqual([['a.js', plain]]);
  });

  it('are accepted as the time of a call about releases: a Date', () => {
    expect(readClock(runInNewContext('new Date(5)'))).toBe(5);
  });
});

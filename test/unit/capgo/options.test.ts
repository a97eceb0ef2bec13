// Capgo's format: the messages for refused options, keys, session keys and checksums.

import { describe, expect, it } from 'vitest';
import { selectBackend } from '../../../src/backend/select.ts';
import { toBase64 } from '../../../src/base64.ts';
import { integerToBytes, toHex } from '../../../src/bytes.ts';
import { readCapgoPrivateKey } from '../../../src/capgo/keys.ts';
import {
  decryptBundle,
  decryptManifest,
  encryptBundle,
  encryptManifest,
  keygen,
  keyId,
} from '../../../src/capgo.ts';
import { signPayload } from '../../../src/seal/pkcs1.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection, thrown } from '../../support/errors.ts';
import { rsa2048Pkcs8, rsa2048Spki } from '../../support/keys.ts';
import { capgoPair } from '../../support/pairs.ts';
import { PREFERRED_BACKENDS } from '../../support/scope.ts';

const { privateKey, publicKey } = capgoPair(0);
const zip = bytesOf(100);
const { bundle, ivSessionKey, checksum } = await encryptBundle(zip, { privateKey });
const [iv, signedKey] = ivSessionKey.split(':') as [string, string];
const sent = { publicKey, ivSessionKey, checksum };
const update = await encryptManifest({ a: zip }, { privateKey });
const { ivSessionKey: updateKey, hashes: trusted } = update;
const received = { publicKey, ivSessionKey: updateKey, trusted };

describe("a caller's mistake is a TypeError or RangeError", () => {
  const encrypting = (more: object) => encryptBundle(zip, { privateKey, ...more });
  const decrypting = (more: object) => decryptBundle(bundle, { ...sent, ...more });
  const making = (more: object, files: unknown = { a: zip }) =>
    encryptManifest(files as { a: Uint8Array }, { privateKey, ...more });
  const opening = (
    more: object,
    manifest: unknown = update.manifest,
    files: unknown = update.files,
  ) => decryptManifest(manifest as [], files as typeof update.files, { ...received, ...more });

  const cases: [string, () => Promise<unknown>, string][] = [
    [
      'keygen',
      () => keygen({ modulusBits: 4096 } as object),
      'keygen does not know the option "modulusBits": it takes signal, backend',
    ],
    [
      'encryptBundle',
      () => encrypting({ appId: 'a' }),
      'encryptBundle does not know the option "appId": it takes privateKey, checksumFormat, signal, onProgress, backend',
    ],
    [
      'decryptBundle',
      () => decrypting({ expect: {} }),
      'decryptBundle does not know the option "expect": it takes publicKey, ivSessionKey, checksum, signal, onProgress, backend',
    ],
    [
      'encryptManifest',
      () => making({ manifest: [] }),
      'encryptManifest does not know the option "manifest": it takes privateKey, checksumFormat, zip, brotli, orgId, appId, signal, onProgress, backend',
    ],
    [
      'decryptManifest',
      () => opening({ checksum }),
      'decryptManifest does not know the option "checksum": it takes publicKey, ivSessionKey, trusted, brotli, maxFileSize, signal, onProgress, backend',
    ],
    [
      'encryptBundle for a zip that is text',
      () => encryptBundle('zip' as never, { privateKey }),
      'zip expected a Uint8Array, ArrayBuffer or Blob, got a string',
    ],
    [
      'decryptBundle for a bundle that is text',
      () => decryptBundle('zip' as never, sent),
      'bundle expected a Uint8Array, ArrayBuffer or Blob, got a string',
    ],
    ...[encrypting, making].map((call): [string, () => Promise<unknown>, string] => [
      'each of the two for a checksum of an unknown format',
      () => call({ checksumFormat: 'v1' }),
      "options.checksumFormat expected 'v3' or 'v2', got a string",
    ]),
    [
      'encryptBundle for a key that is bytes',
      () => encrypting({ privateKey: bytesOf(9) }),
      'options.privateKey expected a PKCS#1 PEM string, got a Uint8Array',
    ],
    [
      'decryptBundle for a key that is not there',
      () => decrypting({ publicKey: undefined }),
      'options.publicKey expected a PKCS#1 PEM string, got nothing',
    ],
    [
      'decryptBundle for a session key that is not there',
      () => decrypting({ ivSessionKey: undefined }),
      'options.ivSessionKey expected a string, got nothing',
    ],
    [
      'decryptBundle for a checksum that is not there',
      () => decrypting({ checksum: undefined }),
      'options.checksum expected a string, got nothing',
    ],
    ...[true, null, 'br'].map((brotli): [string, () => Promise<unknown>, string] => [
      `encryptManifest for brotli: ${brotli}`,
      () => making({ brotli }),
      `options.brotli expected a function or false, got ${brotli === null ? 'null' : `a ${typeof brotli}`}`,
    ]),
    ...[undefined, null, 'a'].map((files): [string, () => Promise<unknown>, string] => [
      `encryptManifest for files: ${files}`,
      () => encryptManifest(files as never, { privateKey }),
      `files expected an object of Uint8Arrays by path, got ${files === undefined ? 'nothing' : files === null ? 'null' : 'a string'}`,
    ]),
    [
      'encryptManifest for files in a Map, which would make an empty update',
      () => encryptManifest(new Map([['a', zip]]) as never, { privateKey }),
      'files expected an object of Uint8Arrays by path, got a Map',
    ],
    [
      'encryptManifest for files that are not awaited',
      () => encryptManifest(Promise.resolve({ a: zip }) as never, { privateKey }),
      'files expected an object of Uint8Arrays by path, got a Promise',
    ],
    [
      'decryptManifest for a trusted list in a Map',
      () => opening({ trusted: new Map() }),
      "options.trusted expected an object of SHA-256 by path or 'unchecked', got a Map",
    ],
    [
      'encryptManifest for a file that is text',
      () => making({}, { a: zip, b: 'text' }),
      'files expected a Uint8Array for each path, got a string',
    ],
    [
      'encryptManifest for a zip that is an ArrayBuffer',
      () => making({ zip: new ArrayBuffer(1) }),
      'options.zip expected a Uint8Array, got an ArrayBuffer',
    ],
    [
      'decryptManifest for a coder that is none',
      () => opening({ brotli: false }),
      'options.brotli expected a function, got a boolean',
    ],
    [
      'decryptManifest for a list that is none',
      () => opening({}, update),
      'manifest expected an array of entries, got an object',
    ],
    [
      'decryptManifest for files that are no Map',
      () => opening({}, update.manifest, { a: zip }),
      'files expected a Map, got an object',
    ],
  ];
  it.each(cases)('of %s', async (_, work, message) => {
    const error = await work().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toBe(message);
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53, '100', null])('of maxFileSize %s', async (size) => {
    const work = opening({ maxFileSize: size });
    await expect(work).rejects.toThrow(RangeError);
    await expect(work).rejects.toThrow(/^options\.maxFileSize expected a positive integer, got /);
  });
});

describe('a key', () => {
  const wrong: [string, () => unknown, RegExp][] = [
    [
      'a private one for the public one',
      () => keyId(privateKey),
      /^this is a private key, and a public key is needed\..+make a new pair$/,
    ],
    [
      'a public one for the private one',
      () => readCapgoPrivateKey(publicKey),
      /^this is a public key, and a private key is needed: pass \.capgo_key_v2$/,
    ],
    [
      'PKCS#8',
      () => readCapgoPrivateKey(rsa2048Pkcs8),
      /^Capgo accepts only PKCS#1, and this is a "PRIVATE KEY": .+"-----BEGIN RSA PRIVATE KEY-----"/,
    ],
    [
      'SubjectPublicKeyInfo',
      () => keyId(rsa2048Spki),
      /^Capgo accepts only PKCS#1, and this is a "PUBLIC KEY": .+"-----BEGIN RSA PUBLIC KEY-----"/,
    ],
  ];
  it.each(wrong)('in another form is refused with the required form: %s', (_, read, message) => {
    expect(thrown(read, 'ERR_KEY_INVALID').message).toMatch(message);
  });
});

describe.each(PREFERRED_BACKENDS)('%s', (backend) => {
  const open = (more: object) => decryptBundle(bundle, { ...sent, backend, ...more });

  const sessionKeys: [string, string][] = [
    ['an IV that is no base64', `*:${signedKey}`],
    ['an IV of 15 bytes', `${toBase64(bytesOf(15), 'base64')}:${signedKey}`],
    ['an IV of 17 bytes', `${toBase64(bytesOf(17), 'base64')}:${signedKey}`],
    ['no colon', iv],
    ['no session key', `${iv}:`],
    ['a session key that is no base64', `${iv}:*`],
    ['a third part', `${ivSessionKey}:${signedKey}`],
  ];
  it.each(sessionKeys)('refuses an ivSessionKey with %s, and says what it is', async (_, text) => {
    const error = await rejection(open({ ivSessionKey: text }), 'ERR_HEADER_INVALID');
    expect(error.message).toMatch(/^the ivSessionKey is missing or damaged: pass it as Capgo's/);
  });

  const PLAIN = /^the checksum is missing or not signed.+encrypt the bundle again with V2 keys/;
  const DAMAGED = /^the checksum is neither hex nor base64: pass it as Capgo's CLI printed it/;
  const SEAL = /^the private key of this public key did not sign the session key or checksum/;
  const checksums: [string, string, 'VERSION_UNSUPPORTED' | 'HEADER_INVALID' | 'SEAL_INVALID'][] = [
    ['nothing in it', '', 'VERSION_UNSUPPORTED'],
    ['a SHA-256', 'aB'.repeat(32), 'VERSION_UNSUPPORTED'],
    ['a byte more than a SHA-256', 'ab'.repeat(33), 'SEAL_INVALID'],
    ['half a byte', 'abc', 'HEADER_INVALID'],
    ['letters before its hex', `zz${'ab'.repeat(32)}`, 'HEADER_INVALID'],
    ['letters after its hex', `${'ab'.repeat(32)}zz`, 'HEADER_INVALID'],
    ['zeros before the signature', `00${checksum}`, 'SEAL_INVALID'],
    ['its last byte cut off', checksum.slice(0, -2), 'SEAL_INVALID'],
    [
      'the modulus itself',
      toHex(integerToBytes(readCapgoPrivateKey(privateKey).n, 256)),
      'SEAL_INVALID',
    ],
  ];
  it.each(checksums)('refuses a checksum with %s, and says what it is', async (_, text, code) => {
    const { message } = await rejection(open({ checksum: text }), `ERR_${code}`);
    const said = { VERSION_UNSUPPORTED: PLAIN, HEADER_INVALID: DAMAGED, SEAL_INVALID: SEAL };
    expect(message).toMatch(said[code]);
  });

  it.each([
    ['48 bytes', bytesOf(48)],
    ['capital letters', new Uint8Array(48)],
  ])('refuses a V2 checksum that the private key signed over %s', async (_, payload) => {
    const signature = await signPayload(
      await selectBackend(backend),
      readCapgoPrivateKey(privateKey),
      payload,
    );
    const work = open({ checksum: toBase64(signature, 'base64') });
    const { message } = await rejection(work, 'ERR_HEADER_INVALID');
    expect(message).toBe(
      "the checksum contains no SHA-256: pass it as Capgo's CLI printed it, whole",
    );
  });

  it('accepts a checksum in capitals', async () => {
    expect(await open({ checksum: checksum.toUpperCase() })).toEqual(zip);
  });

  it('recognises a V2 checksum that begins like hex', async () => {
    for (let length = 0; ; length++) {
      const plain = bytesOf(length);
      const made = await encryptBundle(plain, { privateKey, checksumFormat: 'v2' });
      if (!/^[0-9a-fA-F]{2}/.test(made.checksum)) continue;
      const { keyId: _, bundle: encrypted, ...with2 } = made;
      expect(await decryptBundle(encrypted, { publicKey, ...with2, backend })).toEqual(plain);
      break;
    }
  });

  it.each([0, 17])('refuses a file of %i bytes by its length', async (length) => {
    const work = decryptBundle(bytesOf(length), { ...sent, backend });
    const error = await rejection(work, 'ERR_LENGTH_INVALID');
    expect(error.offset).toBe(length);
    expect(error.message).toMatch(`multiple of 16 bytes, got ${length}: the download was cut, or`);
  });

  it('reports another bundle as altered, and says what to do', async () => {
    const { message } = await rejection(
      decryptBundle(
        bundle.map((byte) => byte ^ 1),
        { ...sent, backend },
      ),
      'ERR_CHECKSUM_MISMATCH',
    );
    expect(message).toMatch(/^the bundle does not have the signed checksum.+fetch it again$/);
  });
});

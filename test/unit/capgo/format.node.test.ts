// Capgo's format against node:crypto, written by hand from its description and sharing nothing with src/capgo.

import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
} from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decryptBundle, encryptBundle } from '../../../src/capgo.ts';
import { capgoPair } from '../../support/pairs.ts';

const { privateKey, publicKey } = capgoPair(0);
const zip = randomBytes(100_001);
const digest = createHash('sha256').update(zip).digest();

describe('a bundle of encryptBundle', () => {
  it.each(['v3', 'v2'] as const)('is opened by hand, with the checksum as %s', async (format) => {
    const sealed = await encryptBundle(zip, { privateKey, checksumFormat: format });
    const [iv, key] = sealed.ivSessionKey.split(':').map((text) => Buffer.from(text, 'base64'));
    const sessionKey = publicDecrypt(publicKey, key as Buffer);
    expect(sessionKey.length).toBe(16);
    const decipher = createDecipheriv('aes-128-cbc', sessionKey, iv as Buffer);
    expect(Buffer.concat([decipher.update(sealed.bundle), decipher.final()])).toEqual(zip);
    const signature = Buffer.from(sealed.checksum, format === 'v3' ? 'hex' : 'base64');
    const checksum = publicDecrypt(publicKey, signature);
    expect(format === 'v3' ? checksum.toString('hex') : checksum.toString('base64')).toBe(
      digest.toString('hex'),
    );
  });
});

function byHand(signed: (digest: Buffer) => string) {
  const iv = randomBytes(16);
  const sessionKey = randomBytes(16);
  const cipher = createCipheriv('aes-128-cbc', sessionKey, iv);
  const bundle = Buffer.concat([cipher.update(zip), cipher.final()]);
  const key = privateEncrypt(privateKey, sessionKey).toString('base64');
  return { bundle, ivSessionKey: `${iv.toString('base64')}:${key}`, checksum: signed(digest) };
}

describe('a bundle that the test makes itself', () => {
  it.each([
    ['v3', (hash: Buffer) => privateEncrypt(privateKey, hash).toString('hex')],
    ['V3', (hash: Buffer) => privateEncrypt(privateKey, hash).toString('hex').toUpperCase()],
    [
      'v2',
      (hash: Buffer) =>
        privateEncrypt(privateKey, Buffer.from(hash.toString('hex'), 'base64')).toString('base64'),
    ],
  ])('is opened, with the checksum as %s', async (_, signed) => {
    const { bundle, ...sent } = byHand(signed);
    expect(Buffer.from(await decryptBundle(bundle, { publicKey, ...sent }))).toEqual(zip);
  });

  /** A block of type 1 as the caller wants it, signed without further ado. */
  const signRaw = (block: Uint8Array) =>
    privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, block).toString('hex');
  const lenient: [string, (hash: Buffer) => Buffer][] = [
    [
      'bytes behind the checksum',
      (hash) =>
        Buffer.concat([
          Buffer.from([0, 1]),
          Buffer.alloc(8, 0xff),
          Buffer.from([0]),
          hash,
          Buffer.alloc(256 - 11 - 32),
        ]),
    ],
    [
      'padding that is not all ff',
      (hash) =>
        Buffer.concat([
          Buffer.from([0, 1]),
          Buffer.alloc(220, 0xff),
          Buffer.from([0xfe]),
          Buffer.from([0]),
          hash,
        ]),
    ],
    [
      'block type 2',
      (hash) =>
        Buffer.concat([Buffer.from([0, 2]), Buffer.alloc(221, 0xff), Buffer.from([0]), hash]),
    ],
  ];
  it.each(lenient)('is refused with %s', async (_, block) => {
    const { bundle, ...sent } = byHand((hash) => signRaw(block(hash)));
    await expect(decryptBundle(bundle, { publicKey, ...sent })).rejects.toMatchObject({
      code: 'ERR_SEAL_INVALID',
    });
  });
});

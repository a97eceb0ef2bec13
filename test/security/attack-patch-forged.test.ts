// A patch that the publisher did not make, or made for another app or another purpose.

import { describe, expect, it } from 'vitest';
import { decryptObject } from '../../src/bundle/decrypt.ts';
import { encryptObject } from '../../src/bundle/encrypt.ts';
import { KINDS } from '../../src/format/header.ts';
import { decryptBundle, type Metadata } from '../../src/index.ts';
import { applyPatch, createPatch } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { putTogether, takeApart } from '../support/forger.ts';
import { AFTER, APP, BEFORE, signing, trusting } from '../support/release.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { keyA, keyB } from '../support/vectors.ts';

const made = await createPatch(BEFORE, AFTER, signing);
const plain = await decryptObject(made.bytes, { publicKey: keyB.spki }, 'patch');
const sealAs = async (metadata: Metadata) =>
  (await encryptObject(plain, { privateKey: keyB.pkcs8, metadata }, 'patch')).bytes;

describe.each(PREFERRED_BACKENDS)('a forged patch, through %s', (backend) => {
  const apply = (bytes: Uint8Array) => applyPatch(bytes, BEFORE, { ...trusting, backend });

  it('sealed with the forger’s key is refused, and the error names the key', async () => {
    const forged = await createPatch(BEFORE, AFTER, { privateKey: keyA.pkcs8, appId: APP });
    const error = await rejection(apply(forged.bytes), 'ERR_KEY_MISMATCH');
    expect(error.keyId).toBe(keyA.keyId);
  });

  it('sealed with the forger’s key, under the id of the genuine key, is refused', async () => {
    const forged = await createPatch(BEFORE, AFTER, { privateKey: keyA.pkcs8, appId: APP });
    const parts = takeApart(forged.bytes);
    const fixed = parts.fixed.slice();
    const genuine = takeApart(made.bytes);
    fixed.set(genuine.fixed.subarray(24), 24);
    fixed.set(genuine.fixed.subarray(12, 14), 12);
    const signature = genuine.signature;
    const bytes = putTogether({ ...parts, fixed, signature });
    await rejection(apply(bytes), 'ERR_SEAL_INVALID');
  });

  it('with the header of a genuine patch is refused', async () => {
    const other = takeApart((await createPatch(AFTER, BEFORE, signing)).bytes);
    const genuine = takeApart(made.bytes);
    const bytes = putTogether(genuine, { body: genuine.body.slice().fill(1) });
    await rejection(apply(bytes), 'ERR_CHUNK_INVALID');
    const { digests, body } = other;
    const longer = putTogether(genuine, { digests, body });
    await expect(apply(longer)).rejects.toMatchObject({ code: /SEAL|LENGTH/ });
  });
});

describe('a genuine patch for another app', () => {
  it.each([
    ['another app', { appId: 'com.example.bank' }],
    ['an app whose id begins alike', { appId: `${APP}.beta` }],
    ['the same id in capitals', { appId: APP.toUpperCase() }],
    ['no app', {}],
  ])('is refused if it names %s', async (_, metadata) => {
    const error = await rejection(
      applyPatch(await sealAs(metadata), BEFORE, trusting),
      'ERR_EXPECTATION_FAILED',
    );
    expect(error.expectation).toBe('appId');
  });

  it('is refused before any file of the base is read', async () => {
    let reads = 0;
    const from = {
      a: () => {
        reads++;
        return new Uint8Array(1);
      },
    };
    const bytes = await sealAs({ appId: 'com.example.bank' });
    await rejection(applyPatch(bytes, from, trusting), 'ERR_EXPECTATION_FAILED');
    expect(reads).toBe(0);
  });
});

describe('an object of another kind', () => {
  it.each(KINDS.filter((kind) => kind !== 'patch'))('a %s is refused as a patch', async (kind) => {
    const options = { privateKey: keyB.pkcs8, metadata: { appId: APP } };
    const { bytes } = await encryptObject(plain, options, kind);
    const error = await rejection(applyPatch(bytes, BEFORE, trusting), 'ERR_HEADER_INVALID');
    expect(error.offset).toBe(11);
  });

  it('a patch is refused as a bundle', async () => {
    await rejection(decryptBundle(made.bytes, { publicKey: keyB.spki }), 'ERR_HEADER_INVALID');
  });
});

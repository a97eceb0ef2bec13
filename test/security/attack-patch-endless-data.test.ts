// A patch whose end is not where its header says: cut off, longer, or with more instructions.

import { describe, expect, it } from 'vitest';
import { decryptObject } from '../../src/bundle/decrypt.ts';
import { encryptObject } from '../../src/bundle/encrypt.ts';
import { applyPatch, createPatch } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { AFTER, APP, BEFORE, signing, trusting } from '../support/release.ts';
import { keyB } from '../support/vectors.ts';
import { join } from '../support/zip.ts';

const { bytes } = await createPatch(BEFORE, AFTER, signing);
const plain = await decryptObject(bytes, { publicKey: keyB.spki }, 'patch');
const reseal = async (patch: Uint8Array) => {
  const options = { privateKey: keyB.pkcs8, metadata: { appId: APP } };
  return (await encryptObject(patch, options, 'patch')).bytes;
};

describe('a patch from a server', () => {
  it('is refused if it is cut, at any of a hundred places', async () => {
    for (let i = 0; i < 100; i++) {
      const cut = bytes.subarray(0, Math.floor((bytes.length * i) / 100));
      await rejection(applyPatch(cut, BEFORE, trusting), 'ERR_LENGTH_INVALID');
    }
  });

  it.each([1, 16, 100_000])('is refused if %i bytes follow it', async (more) => {
    const longer = join(bytes, new Uint8Array(more));
    await rejection(applyPatch(longer, BEFORE, trusting), 'ERR_LENGTH_INVALID');
    await rejection(applyPatch(new Blob([longer]), BEFORE, trusting), 'ERR_LENGTH_INVALID');
  });
});

describe('a genuine patch', () => {
  it('is refused if its instructions are cut at any place', async () => {
    for (let length = 96; length < plain.length; length += 7) {
      const cut = await reseal(plain.subarray(0, length));
      await rejection(applyPatch(cut, BEFORE, trusting), 'ERR_PATCH_INVALID');
    }
  });

  it.each([1, 5, 100_000])('is refused if %i bytes follow its instructions', async (more) => {
    const longer = await reseal(join(plain, new Uint8Array(more)));
    const error = await rejection(applyPatch(longer, BEFORE, trusting), 'ERR_PATCH_INVALID');
    expect(error.message).toContain('behind its last instruction');
  });
});

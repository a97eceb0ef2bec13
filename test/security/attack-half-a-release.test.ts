// An attacker wants a device to have some files of the new release without the others. A patch gives all files or none, and
// a failure leaves no plain bytes in memory.

import { describe, expect, it } from 'vitest';
import { decryptObject } from '../../src/bundle/decrypt.ts';
import { encryptObject } from '../../src/bundle/encrypt.ts';
import { applyPatch, createPatch } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { AFTER, APP, BEFORE, signing, trusting } from '../support/release.ts';
import { keyB } from '../support/vectors.ts';
import { wipedBy } from '../support/wiped.ts';

const made = await createPatch(BEFORE, AFTER, signing);
const plain = await decryptObject(made.bytes, { publicKey: keyB.spki }, 'patch');
const reseal = async (patch: Uint8Array) => {
  const options = { privateKey: keyB.pkcs8, metadata: { appId: APP } };
  return (await encryptObject(patch, options, 'patch')).bytes;
};
const lengthAt = (at: number) => new DataView(plain.buffer, plain.byteOffset).getUint32(at);
const spaceLength = lengthAt(84) + lengthAt(92);

describe('a patch that fails half-way', () => {
  it('gives no file if any bit of its instructions was altered', async () => {
    for (let at = 96; at < plain.length; at += 11) {
      const altered = plain.slice();
      altered[at] = (altered[at] as number) ^ 4;
      const sealed = await reseal(altered);
      await rejection(applyPatch(sealed, BEFORE, trusting), 'ERR_PATCH_INVALID');
    }
  });

  it('gives no file if it names another result, though every file is well-formed', async () => {
    const altered = plain.slice();
    altered[79] = (altered[79] as number) ^ 1;
    const work = applyPatch(await reseal(altered), BEFORE, trusting);
    expect((await rejection(work, 'ERR_PATCH_INVALID')).message).toContain('does not make');
  });

  it('leaves no part of its result in memory', async () => {
    const altered = plain.slice();
    altered[79] = (altered[79] as number) ^ 1;
    const sealed = await reseal(altered);
    const isSpace = ({ length }: Uint8Array) => length === spaceLength;
    const wiped = await wipedBy(async () => {
      await rejection(applyPatch(sealed, BEFORE, trusting), 'ERR_PATCH_INVALID');
    }, isSpace);
    expect(wiped).toHaveLength(1);
  });

  it('leaves the plain patch in memory neither after a failure nor after a success', async () => {
    const isPlain = ({ length }: Uint8Array) => length === plain.length;
    const wiped = await wipedBy(() => applyPatch(made.bytes, BEFORE, trusting), isPlain);
    expect(wiped).toHaveLength(1);
  });

  it('gives no file if the signal aborts at the last moment', async () => {
    const stop = new AbortController();
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      if (done === total) stop.abort(new Error('enough'));
    };
    const work = applyPatch(made.bytes, BEFORE, { ...trusting, signal: stop.signal, onProgress });
    await expect(work).rejects.toThrow('enough');
  });
});

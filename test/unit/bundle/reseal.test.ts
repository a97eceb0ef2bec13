import { describe, expect, it } from 'vitest';
import { nobleBackend } from '../../../src/backend/noble.ts';
import { decryptBundle, encryptBundle, inspectBundle, resealBundle } from '../../../src/index.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import { signPayload } from '../../../src/seal/pkcs1.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const bundle = bytesOf(9000);
const metadata = { appId: 'a', sequence: 4 };
const seal = (backend?: 'noble') =>
  encryptBundle(bundle, {
    privateKey: keyB.pkcs8,
    metadata,
    chunkSize: 4096,
    ...(backend ? { backend } : {}),
  });
const keys = { publicKey: keyB.spki, privateKey: keyA.pkcs8 };

describe.each(BACKENDS)('resealing through %s', (backend) => {
  it('gives a bundle that the new key opens, its body untouched', async () => {
    const old = await seal();
    const next = await resealBundle(old.bytes, { ...keys, backend });
    expect(await decryptBundle(next, { publicKey: keyA.spki, backend })).toEqual(bundle);
    const info = inspectBundle(next);
    expect(info).toMatchObject({ keyId: keyA.keyId, modulusBits: 4096, metadata });
    expect(next.subarray(info.headerLength)).toEqual(old.ciphertext);
    await rejection(decryptBundle(next, { publicKey: keyB.spki, backend }), 'ERR_KEY_MISMATCH');
  });

  it('returns a seal for a seal, and the old one keeps working', async () => {
    const old = await seal();
    const next = await resealBundle(old.seal, { ...keys, backend });
    const open = (key: string, with_: string) =>
      decryptBundle(old.ciphertext, { publicKey: key, seal: with_, backend });
    expect(await open(keyA.spki, next)).toEqual(bundle);
    expect(await open(keyB.spki, old.seal)).toEqual(bundle);
  });
});

describe('resealing', () => {
  it('refuses a bundle whose memory went to another thread while the signer worked', async () => {
    const { bytes } = await seal();
    const key = parsePrivateKey(keyA.pkcs8);
    const signer = {
      publicKey: keyA.spki,
      sign: async (payload: Uint8Array) => {
        structuredClone(bytes, { transfer: [bytes.buffer] });
        return signPayload(nobleBackend, key, payload);
      },
    };
    const resealing = resealBundle(bytes, { ...keys, privateKey: signer });
    await rejection(resealing, 'ERR_LENGTH_INVALID');
  });

  it('does not change its input', async () => {
    const { bytes } = await seal();
    const before = bytes.slice();
    const next = await resealBundle(bytes, keys);
    expect(bytes).toEqual(before);
    next.fill(0);
    expect(bytes).toEqual(before);
  });

  it('refuses a header that the old key did not sign', async () => {
    const { bytes } = await seal();
    bytes[60] = (bytes[60] ?? 0) ^ 1;
    await rejection(resealBundle(bytes, keys), 'ERR_SEAL_INVALID');
  });

  it('refuses a bundle for another key, and one that is cut', async () => {
    const { bytes } = await seal();
    const wrong = resealBundle(bytes, { ...keys, publicKey: keyA.spki });
    await rejection(wrong, 'ERR_KEY_MISMATCH');
    await rejection(resealBundle(bytes.subarray(0, -1), keys), 'ERR_LENGTH_INVALID');
  });

  it('names the accepted inputs, and the required length of the body', async () => {
    const work = resealBundle(5 as never, keys);
    await expect(work).rejects.toThrow(
      /^sealedOrSeal expected a Uint8Array or a base64url string, got a number$/,
    );
    await expect(resealBundle('', { ...keys, key: 5 } as never)).rejects.toThrow(
      /does not know the option "key": it takes publicKey, privateKey, signal, backend$/,
    );
    const { bytes, ciphertext } = await seal();
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    const error = await rejection(resealBundle(longer, keys), 'ERR_LENGTH_INVALID');
    expect(error.message).toContain(`${ciphertext.length + 1}`);
  });

  it('rejects on an earlier abort before it reads its input', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    const nothing = { publicKey: 'no key', privateKey: 'no key', signal };
    await expect(resealBundle('no seal', nothing)).rejects.toBe(reason);
  });

  it('does not wait for a signer after an abort, and ignores its late answer', async () => {
    const { seal: text } = await seal();
    for (const settle of [() => {}, (reject: (error: Error) => void) => reject(new Error('no'))]) {
      const controller = new AbortController();
      const sign = () => {
        controller.abort('enough');
        return new Promise<never>((_, reject) => settle(reject));
      };
      const privateKey = { publicKey: keyA.spki, sign };
      const work = resealBundle(text, { ...keys, privateKey, signal: controller.signal });
      await expect(work).rejects.toBe('enough');
    }
  });
});

// Signers that do more than sign: what signer.test.ts has of wrong answers is not repeated here. None gets a
// bundle out that says other things than the caller asked for, and none gets hold of the bundle itself.

import { pow } from 'micro-rsa-dsa-dh/utils.js';
import { describe, expect, it } from 'vitest';
import { bytesToInteger, concat, integerToBytes } from '../../src/bytes.ts';
import { decryptBundle, encryptBundle, encryptStream, type Signer } from '../../src/index.ts';
import { parsePrivateKey } from '../../src/keys/parse.ts';
import { BACKENDS } from '../support/backends.ts';
import { bytesOf } from '../support/bytes.ts';
import { rejection } from '../support/errors.ts';
import { drain, same, streamOf } from '../support/streams.ts';
import { keyA, keyB } from '../support/vectors.ts';

const plain = bytesOf(5000);
const key = parsePrivateKey(keyB.pkcs8);

/** An honest signature, with the key that the signer truly has. */
function signRaw(payload: Uint8Array): Uint8Array {
  const padding = new Uint8Array(384 - 107).fill(0xff);
  const block = concat(Uint8Array.of(0, 1), padding, Uint8Array.of(0), payload);
  return integerToBytes(pow(bytesToInteger(block), key.d, key.n), 384);
}

const signerOf = (sign: (payload: Uint8Array) => unknown, publicKey = keyB.spki): Signer =>
  ({ publicKey, sign }) as Signer;

describe.each(BACKENDS)('a hostile signer, through %s', (backend) => {
  const seal = (signer: Signer) =>
    encryptBundle(plain, { privateKey: signer, chunkSize: 4096, backend });
  const open = (bytes: Uint8Array) => decryptBundle(bytes, { publicKey: keyB.spki, backend });
  /** The seal of the same bundle as a stream. */
  const sealStream = async (signer: Signer) => {
    const options = { privateKey: signer, chunkSize: 4096, backend };
    const { body, seal: text } = encryptStream(streamOf([plain]).stream, options);
    text.catch(() => {});
    const { error } = await drain(body);
    if (error !== undefined) throw error;
    return text;
  };

  it.each<[string, number]>([
    ['the session key, to one that it knows', 8],
    ['the checksum', 40],
    ['the digest of the head', 72],
  ])('that signs another value for %s with the right key is refused', async (_, at) => {
    const sign = (payload: Uint8Array) => {
      const other = payload.slice();
      other.fill(7, at, at + 32);
      return signRaw(other);
    };
    await rejection(seal(signerOf(sign)), 'ERR_SIGNER_FAILED');
    await rejection(sealStream(signerOf(sign)), 'ERR_SIGNER_FAILED');
  });

  it('that rewrites the payload in place and signs that is refused', async () => {
    const sign = (payload: Uint8Array) => {
      payload.fill(7, 8);
      return signRaw(payload);
    };
    await rejection(seal(signerOf(sign)), 'ERR_SIGNER_FAILED');
    await rejection(sealStream(signerOf(sign)), 'ERR_SIGNER_FAILED');
  });

  it('that answers with the signature of the previous bundle is refused', async () => {
    let before: Uint8Array | undefined;
    const sign = (payload: Uint8Array) => {
      before ??= signRaw(payload);
      return before;
    };
    const signer = signerOf(sign);
    expect(same(await open((await seal(signer)).bytes), plain)).toBe(true);
    await rejection(seal(signer), 'ERR_SIGNER_FAILED');
  });

  it('gets only the 104 bytes of the payload, in separate memory', async () => {
    const seen: Uint8Array[] = [];
    const sign = (payload: Uint8Array) => {
      seen.push(payload);
      return signRaw(payload);
    };
    await seal(signerOf(sign));
    expect(seen).toHaveLength(1);
    expect(seen[0]?.buffer.byteLength).toBe(104);
  });

  it('that names another public key each time must use the first one', async () => {
    let asked = 0;
    const signer = {
      get publicKey() {
        asked += 1;
        return asked === 1 ? keyB.spki : keyA.spki;
      },
      sign: async (payload: Uint8Array) => signRaw(payload),
    };
    const { bytes, keyId } = await seal(signer);
    expect(asked).toBe(1);
    expect(keyId).toBe(keyB.keyId);
    expect(same(await open(bytes), plain)).toBe(true);
  });

  it('that names a foreign key is refused, also if that key is longer', async () => {
    const signer = signerOf(signRaw, keyA.spki);
    await rejection(seal(signer), 'ERR_SIGNER_FAILED');
    const longer = (payload: Uint8Array) => concat(new Uint8Array(128), signRaw(payload));
    await rejection(seal(signerOf(longer, keyA.spki)), 'ERR_SIGNER_FAILED');
  });

  it('that seals another bundle during the call gets a separate bundle', async () => {
    const other = bytesOf(100).reverse();
    let inner: Uint8Array | undefined;
    const sign = async (payload: Uint8Array) => {
      const own = await encryptBundle(other, { privateKey: keyB.pkcs8, backend });
      inner = own.bytes;
      return signRaw(payload);
    };
    const { bytes } = await seal(signerOf(sign));
    expect(same(await open(bytes), plain)).toBe(true);
    expect(same(await open(inner as Uint8Array), other)).toBe(true);
  });

  it('that changes the bundle while it signs has no effect', async () => {
    const bundle = plain.slice();
    const sign = (payload: Uint8Array) => {
      bundle.fill(0x41);
      return signRaw(payload);
    };
    const options = { privateKey: signerOf(sign), chunkSize: 4096, backend };
    const { bytes } = await encryptBundle(bundle, options);
    expect(same(await open(bytes), plain)).toBe(true);
  });

  it('that answers twice has only its first answer used', async () => {
    const sign = (payload: Uint8Array) => {
      const first = signRaw(payload);
      return {
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tried here.
        then(resolve: (value: unknown) => void) {
          resolve(first);
          resolve(new Uint8Array(384));
          throw new Error('and failed');
        },
      };
    };
    expect(same(await open((await seal(signerOf(sign))).bytes), plain)).toBe(true);
  });

  it('whose answer lies about its bytes is refused, or makes a bundle that opens', async () => {
    const sign = (payload: Uint8Array) =>
      Object.defineProperties(signRaw(payload), {
        slice: { value: () => new Uint8Array(384) },
        [Symbol.iterator]: { value: () => new Uint8Array(384)[Symbol.iterator]() },
      });
    const made = await seal(signerOf(sign)).catch((error: unknown) => error);
    if (made instanceof Error) expect(made).toMatchObject({ code: 'ERR_SIGNER_FAILED' });
    else expect(same(await open((made as { bytes: Uint8Array }).bytes), plain)).toBe(true);
  });

  it('that never answers does not keep a stream’s abort from ending both of its results', async () => {
    const controller = new AbortController();
    const sign = () => {
      queueMicrotask(() => controller.abort('enough'));
      return new Promise(() => {});
    };
    const options = { privateKey: signerOf(sign), backend, signal: controller.signal };
    const { body, seal: text } = encryptStream(streamOf([plain]).stream, options);
    const sealed = expect(text).rejects.toBe('enough');
    expect((await drain(body)).error).toBe('enough');
    await sealed;
  });
});

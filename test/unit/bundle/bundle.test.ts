import { describe, expect, it } from 'vitest';
import {
  checksum,
  decryptBundle,
  encryptBundle,
  inspectBundle,
  verifyChecksum,
} from '../../../src/index.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
const bundle = bytesOf(10_000);

type Shape = [string, (bytes: Uint8Array) => Uint8Array | ArrayBuffer | Blob];

// A page has shared memory only if it is isolated from other origins.
const sharedShape: Shape = [
  'a view over a SharedArrayBuffer',
  (bytes) => {
    const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 1), 1);
    view.set(bytes);
    return view;
  },
];

/** The same bytes in every shape that a caller may have them in. */
const SHAPES: readonly Shape[] = [
  ['a Uint8Array', (bytes) => bytes.slice()],
  ['an ArrayBuffer', (bytes) => bytes.slice().buffer as ArrayBuffer],
  ['a Blob', (bytes) => new Blob([bytes.slice() as Uint8Array<ArrayBuffer>])],
  ['a File', (bytes) => new File([bytes.slice() as Uint8Array<ArrayBuffer>], 'bundle.zip')],
  [
    'a view at an odd offset, with bytes around it',
    (bytes) => {
      const around = new Uint8Array(bytes.length + 10).fill(0xaa);
      around.set(bytes, 3);
      return around.subarray(3, 3 + bytes.length);
    },
  ],
  ...(typeof SharedArrayBuffer === 'undefined' ? [] : [sharedShape]),
];

async function snapshot(input: Uint8Array | ArrayBuffer | Blob): Promise<Uint8Array> {
  if (input instanceof Blob) return new Uint8Array(await input.arrayBuffer());
  if (input instanceof ArrayBuffer) return new Uint8Array(input.slice(0));
  return Uint8Array.from(new Uint8Array(input.buffer));
}

describe.each(BACKENDS)('a bundle through %s', (backend) => {
  it.each(SHAPES)('is sealed from %s, which does not change', async (_, shape) => {
    const input = shape(bundle);
    const before = await snapshot(input);
    const sealed = await encryptBundle(input, { privateKey, chunkSize: 4096, backend });
    expect(await snapshot(input)).toEqual(before);
    expect(sealed.checksum).toBe(await checksum(bundle, { backend }));
    expect(await decryptBundle(sealed.bytes, { publicKey, backend })).toEqual(bundle);
  });

  it.each(SHAPES)('is opened from %s, attached and detached', async (_, shape) => {
    const sealed = await encryptBundle(bundle, { privateKey, chunkSize: 4096, backend });
    const whole = shape(sealed.bytes);
    const before = await snapshot(whole);
    expect(await decryptBundle(whole, { publicKey, backend })).toEqual(bundle);
    expect(await snapshot(whole)).toEqual(before);
    const body = shape(sealed.ciphertext);
    expect(await decryptBundle(body, { publicKey, backend, seal: sealed.seal })).toEqual(bundle);
  });

  it.each(SHAPES)('has its checksum taken and verified from %s', async (_, shape) => {
    const sum = await checksum(shape(bundle), { backend });
    expect(sum).toBe((await encryptBundle(bundle, { privateKey, backend })).checksum);
    expect(await verifyChecksum(shape(bundle), sum, { backend })).toBe(true);
    expect(await verifyChecksum(shape(bundle.subarray(1)), sum, { backend })).toBe(false);
  });

  it('shares no memory with the result', async () => {
    const input = bundle.slice();
    const sealed = await encryptBundle(input, { privateKey, chunkSize: 4096, backend });
    const opened = await decryptBundle(sealed.bytes, { publicKey, backend });
    input.fill(0);
    expect(await decryptBundle(sealed.bytes, { publicKey, backend })).toEqual(bundle);
    sealed.bytes.fill(0);
    expect(opened).toEqual(bundle);
    expect(opened.byteLength).toBe(opened.buffer.byteLength);
  });

  it('whose memory shrinks meanwhile is sealed completely or refused', async () => {
    const Resizable = ArrayBuffer as unknown as {
      new (
        length: number,
        options: { maxByteLength: number },
      ): ArrayBuffer & {
        resize?(length: number): void;
      };
    };
    const memory = new Resizable(bundle.length, { maxByteLength: bundle.length });
    // Engines without resizable memory do not change it.
    new Uint8Array(memory).set(bundle);
    const onProgress = () => memory.resize?.(5000);
    const sealing = encryptBundle(memory, { privateKey, chunkSize: 4096, backend, onProgress });
    const sealed = await sealing.catch((error: unknown) => error);
    if (sealed instanceof Error) expect(sealed).toMatchObject({ code: 'ERR_SOURCE_FAILED' });
    else expect(await decryptBundle((await sealing).bytes, { publicKey })).toEqual(bundle);
  });

  it('carries its metadata and the default chunk size', async () => {
    const metadata = { appId: 'com.example.app', sequence: 3, note: 'é' };
    const { bytes, seal } = await encryptBundle(bundle, { privateKey, metadata, backend });
    expect(inspectBundle(bytes)).toMatchObject({ metadata, chunkSize: 262_144, proven: false });
    expect(inspectBundle(seal)).toEqual(inspectBundle(bytes));
  });

  it('opens with the right one of several public keys', async () => {
    const sealed = await encryptBundle(bundle, { privateKey, backend });
    const { kty, n, e } = keyB.jwk;
    const keys = [keyA.spki, { kty, n, e }];
    expect(await decryptBundle(sealed.bytes, { publicKey: keys, backend })).toEqual(bundle);
  });

  it('is not opened by another key, and both ids are named', async () => {
    const sealed = await encryptBundle(bundle, { privateKey, backend });
    const work = decryptBundle(sealed.bytes, { publicKey: [keyA.spki], backend });
    const error = await rejection(work, 'ERR_KEY_MISMATCH');
    expect(error.keyId).toBe(keyB.keyId);
    expect(error.message).toContain(keyB.keyId);
    expect(error.message).toContain(keyA.keyId);
  });

  it('opens if it meets the expectations', async () => {
    const metadata = { appId: 'a', version: '2', channel: 'beta', sequence: 5 };
    const { bytes } = await encryptBundle(bundle, { privateKey, metadata, backend });
    const expect_ = { appId: 'a', version: '2', channel: 'beta', minSequence: 5 };
    expect(await decryptBundle(bytes, { publicKey, backend, expect: expect_ })).toEqual(bundle);
    expect(await decryptBundle(bytes, { publicKey, backend, expect: {} })).toEqual(bundle);
  });

  it.each([
    [{ appId: 'b' }, /appId must be "b", but its metadata says "a"/],
    [{ version: '3' }, /version must be "3", but its metadata says "2"/],
    [{ channel: 'production' }, /channel must be "production", but its metadata says nothing/],
    [{ minSequence: 6 }, /sequence must be at least 6, but its metadata says 5/],
  ])('is refused if it does not meet %o', async (expected, message) => {
    const metadata = { appId: 'a', version: '2', sequence: 5 };
    const { bytes, seal, ciphertext } = await encryptBundle(bundle, {
      privateKey,
      metadata,
      backend,
    });
    const attached = decryptBundle(bytes, { publicKey, backend, expect: expected });
    expect((await rejection(attached, 'ERR_EXPECTATION_FAILED')).message).toMatch(message);
    const detached = decryptBundle(ciphertext, { publicKey, backend, seal, expect: expected });
    await rejection(detached, 'ERR_EXPECTATION_FAILED');
  });

  it('without a sequence is refused if one is expected', async () => {
    const { bytes } = await encryptBundle(bundle, { privateKey, backend });
    const work = decryptBundle(bytes, { publicKey, backend, expect: { minSequence: 0 } });
    await rejection(work, 'ERR_EXPECTATION_FAILED');
  });

  it('of more chunks than the limit is refused before its signature is checked', async () => {
    const { bytes } = await encryptBundle(bundle, { privateKey, chunkSize: 4096, backend });
    expect(await decryptBundle(bytes, { publicKey, backend, maxChunks: 3 })).toEqual(bundle);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    const work = decryptBundle(bytes, { publicKey, backend, maxChunks: 2 });
    await rejection(work, 'ERR_LIMIT_EXCEEDED');
  });

  it('reports the first altered chunk, whichever is found first', async () => {
    const { bytes } = await encryptBundle(bytesOf(4096 * 20), {
      privateKey,
      chunkSize: 4096,
      backend,
    });
    const start = inspectBundle(bytes).headerLength;
    for (const chunk of [17, 5, 11]) {
      const at = start + chunk * 4112 + 9;
      bytes[at] = (bytes[at] ?? 0) ^ 0x80;
    }
    const error = await rejection(
      decryptBundle(bytes, { publicKey, backend }),
      'ERR_CHUNK_INVALID',
    );
    expect(error.chunkIndex).toBe(5);
    expect(error.offset).toBe(5 * 4112);
    expect(error.message).toMatch(/chunk 5 .*fetch it again/);
  });

  it('has an overhead of 48 bytes for each chunk, 56, the metadata and the modulus', async () => {
    const size = 4096 * 300 + 5;
    const sealed = await encryptBundle(new Uint8Array(size), {
      privateKey,
      chunkSize: 4096,
      backend,
    });
    expect(sealed.bytes.length - size).toBe(48 * 301 + 56 + 384);
    expect(sealed.size).toBe(size);
  });
});

describe('a seal', () => {
  it('is read with white space around it, as a file holds it', async () => {
    const { ciphertext, seal } = await encryptBundle(bundle, { privateKey });
    expect(await decryptBundle(ciphertext, { publicKey, seal: `\n ${seal}\r\n` })).toEqual(bundle);
  });

  it('begins as the format says', async () => {
    const { seal } = await encryptBundle(bundle, { privateKey });
    expect(seal).toMatch(/^Qk5ETFNFQUwC[A-Za-z0-9_-]+$/);
  });

  it.each([
    ['padding', (seal: string) => `${seal}=`],
    ['the other alphabet', (seal: string) => `${seal.slice(0, -4)}+/+/`],
    ['a line break within', (seal: string) => `${seal.slice(0, 20)}\n${seal.slice(20)}`],
    ['an impossible length', (seal: string) => seal.slice(0, 4 * 30 + 1)],
  ])('with %s is refused', async (_, change) => {
    const { ciphertext, seal } = await encryptBundle(bundle, { privateKey });
    const work = decryptBundle(ciphertext, { publicKey, seal: change(seal) });
    await rejection(work, 'ERR_HEADER_INVALID');
  });

  it('that is cut, or followed by the body, is refused', async () => {
    const { bytes, ciphertext, seal } = await encryptBundle(bundle, { privateKey });
    const cut = decryptBundle(ciphertext, { publicKey, seal: seal.slice(0, 400) });
    await rejection(cut, 'ERR_LENGTH_INVALID');
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    const long = btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
    const error = await rejection(
      decryptBundle(ciphertext, { publicKey, seal: long }),
      'ERR_LENGTH_INVALID',
    );
    expect(error.message).toMatch(/header alone/);
  });

  it('of another bundle does not open this one', async () => {
    const { ciphertext } = await encryptBundle(bundle, { privateKey });
    const other = await encryptBundle(bundle, { privateKey });
    const work = decryptBundle(ciphertext, { publicKey, seal: other.seal });
    expect((await rejection(work, 'ERR_CHUNK_INVALID')).chunkIndex).toBe(0);
  });
});

describe('verifyChecksum', () => {
  it('takes a checksum in either case', async () => {
    const sum = await checksum(bundle);
    expect(sum).toMatch(/^[0-9a-f]{64}$/);
    expect(await verifyChecksum(bundle, sum.toUpperCase())).toBe(true);
  });

  it('returns true for the bundle that the seal signs', async () => {
    const { seal } = await encryptBundle(bundle, { privateKey });
    expect(await verifyChecksum(bundle, { seal, publicKey })).toBe(true);
    expect(await verifyChecksum(bundle, { seal, publicKey: [keyA.spki, publicKey] })).toBe(true);
    expect(await verifyChecksum(bundle.subarray(1), { seal, publicKey })).toBe(false);
    const changed = bundle.slice();
    changed[0] = 255 - (changed[0] ?? 0);
    expect(await verifyChecksum(changed, { seal, publicKey })).toBe(false);
  });

  it('throws for a seal that is not genuine instead of returning false', async () => {
    const { seal } = await encryptBundle(bundle, { privateKey });
    const forged = `${seal.slice(0, -8)}${seal.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;
    await rejection(verifyChecksum(bundle, { seal: forged, publicKey }), 'ERR_SEAL_INVALID');
    await rejection(verifyChecksum(bundle, { seal, publicKey: keyA.spki }), 'ERR_KEY_MISMATCH');
  });

  it.each(['', 'abc', 'g'.repeat(64), 'a'.repeat(63), 'Qk5ETFNFQUwC'])(
    'refuses %j for a checksum',
    async (expected) => {
      await expect(verifyChecksum(bundle, expected)).rejects.toThrow(TypeError);
    },
  );
});

// The cipher of Capgo's format with each backend: wrong padding, and progress.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadCbc } from '../../../src/capgo/load-cbc.ts';
import { createSession } from '../../../src/capgo/session.ts';
import { decryptBundle, encryptBundle } from '../../../src/capgo.ts';
import type { Progress } from '../../../src/index.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { capgoPair } from '../../support/pairs.ts';

const { privateKey, publicKey } = capgoPair(0);
const MIB = 2 ** 20;

describe.each(BACKENDS)('%s', (backend) => {
  it.each([3, 65_536, 70_000])(
    'returns undefined for %i bytes with wrong padding',
    async (length) => {
      const cbc = await loadCbc(backend);
      const session = createSession();
      const plain = bytesOf(length);
      const { encrypted, digest } = await cbc.encrypt(session, plain, () => {});
      const opened = await cbc.decrypt(session, encrypted, () => {});
      expect(opened?.plain).toEqual(plain);
      expect(opened?.digest).toEqual(digest);
      // The last byte of the padding comes out with its upper bit set, and is no length.
      const at = encrypted.length - 17;
      const forged = length < 16 ? { ...session, iv: flipped(session.iv, 15) } : session;
      const altered = length < 16 ? encrypted : flipped(encrypted, at);
      expect(await cbc.decrypt(forged, altered, () => {})).toBe(undefined);
    },
  );

  it('reports the end once, after all work', async () => {
    // Whole pieces, whatever the backend takes for one.
    const plain = bytesOf(4 * MIB);
    const seen: Progress[] = [];
    const onProgress = (one: Progress) => void seen.push(one);
    const options = { privateKey, backend, onProgress };
    const { bundle, ivSessionKey, checksum } = await encryptBundle(plain, options);
    expect(seen.filter(({ done }) => done === plain.length)).toHaveLength(1);
    expect(seen.at(-1)).toEqual({ done: plain.length, total: plain.length });
    seen.length = 0;
    const received = { publicKey, ivSessionKey, checksum, backend, onProgress };
    expect(same(await decryptBundle(bundle, received), plain)).toBe(true);
    expect(seen.filter(({ done, total }) => done === total)).toHaveLength(1);
    expect(seen.at(-1)).toEqual({ done: bundle.length, total: bundle.length });
  });

  it('reads a Blob as it reads memory', async () => {
    const plain = bytesOf(1000);
    const made = await encryptBundle(new Blob([plain as BlobPart]), { privateKey, backend });
    const { bundle, ivSessionKey, checksum } = made;
    const received = { publicKey, ivSessionKey, checksum, backend };
    expect(await decryptBundle(new Blob([bundle]), received)).toEqual(plain);
  });

  it('does not start if the signal was aborted before', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    const { bundle, ivSessionKey, checksum } = await encryptBundle(bytesOf(9), { privateKey });
    const received = { publicKey, ivSessionKey, checksum, backend, signal };
    await expect(decryptBundle(bundle, received)).rejects.toBe(reason);
    const making = { privateKey, backend, signal };
    await expect(encryptBundle(bytesOf(9), making)).rejects.toBe(reason);
  });
});

// What each backend takes for a step. Elsewhere the platform has all of it at once.
const STEPS: [(typeof BACKENDS)[number], number, number[], number[]][] = [
  ['noble', 200_003, [65_536, 131_072, 196_608], [65_536, 131_072, 196_608]],
  // OpenSSL holds a block back until it knows whether it is the last.
  ['node', 8 * MIB + 5, [4 * MIB, 8 * MIB], [4 * MIB - 16, 8 * MIB - 16]],
  // A piece less than a step; the padding is a piece of its own, and nothing comes after it.
  ['node', 63 * 65_536, [], [63 * 65_536]],
  ['node', 63 * 65_536 - 16, [], []],
  ['webcrypto', 200_003, [], []],
];

const HERE = STEPS.filter(([backend]) => BACKENDS.includes(backend));

it.each(HERE)('%s with %i bytes tells of each step', async (...step) => {
  const [backend, length, encrypting, decrypting] = step;
  const plain = bytesOf(length);
  const seen: Progress[] = [];
  const onProgress = (one: Progress) => void seen.push(one);
  const options = { privateKey, backend, onProgress };
  const { bundle, ivSessionKey, checksum } = await encryptBundle(plain, options);
  expect(seen.map(({ done }) => done)).toEqual([...encrypting, length]);
  expect(new Set(seen.map(({ total }) => total))).toEqual(new Set([length]));
  seen.length = 0;
  const received = { publicKey, ivSessionKey, checksum, backend, onProgress };
  expect(same(await decryptBundle(bundle, received), plain)).toBe(true);
  expect(seen.map(({ done }) => done)).toEqual([...decrypting, bundle.length]);
  expect(new Set(seen.map(({ total }) => total))).toEqual(new Set([bundle.length]));
});

// Work in one step has no place to stop.
it.each(HERE.filter(([, , encrypting]) => encrypting.length > 0))(
  '%s with %i bytes ends at the step at which it is aborted',
  async (backend, length) => {
    const plain = bytesOf(length);
    const reason = new Error('enough');
    const made = await encryptBundle(plain, { privateKey, backend });
    const { bundle, ivSessionKey, checksum } = made;
    const aborting = () => {
      const controller = new AbortController();
      const onProgress = vi.fn(() => controller.abort(reason));
      return { backend, signal: controller.signal, onProgress };
    };
    const one = aborting();
    await expect(encryptBundle(plain, { privateKey, ...one })).rejects.toBe(reason);
    const two = aborting();
    const received = { publicKey, ivSessionKey, checksum, ...two };
    await expect(decryptBundle(bundle, received)).rejects.toBe(reason);
    expect([one, two].map(({ onProgress }) => onProgress.mock.calls.length)).toEqual([1, 1]);
  },
);

const PADDED: [(typeof BACKENDS)[number], number, number[]][] = [
  ['noble', 131_072, [65_536]],
  ['node', 63 * 65_536, []],
];
it.each(PADDED.filter(([backend]) => BACKENDS.includes(backend)))(
  '%s takes no step for the padding of %i bytes',
  async (backend, length, steps) => {
    const seen: number[] = [];
    const { encrypt } = await loadCbc(backend);
    await encrypt(createSession(), bytesOf(length), (done) => void seen.push(done));
    expect(seen).toEqual(steps);
  },
);

it('the cipher of WebCrypto is stopped by an abort, although the platform processes everything at once', async () => {
  const reason = new Error('enough');
  const backend = 'webcrypto' as const;
  const stopping = (method: 'encrypt' | 'decrypt') => {
    const controller = new AbortController();
    const real = SubtleCrypto.prototype[method];
    vi.spyOn(SubtleCrypto.prototype, method).mockImplementation(function abort(
      this: SubtleCrypto,
      ...args
    ) {
      controller.abort(reason);
      return real.apply(this, args);
    });
    return controller.signal;
  };
  try {
    const { bundle, ivSessionKey, checksum } = await encryptBundle(bytesOf(9), { privateKey });
    const encrypting = { privateKey, backend, signal: stopping('encrypt') };
    await expect(encryptBundle(bytesOf(9), encrypting)).rejects.toBe(reason);
    const signal = stopping('decrypt');
    const received = { publicKey, ivSessionKey, checksum, backend, signal };
    await expect(decryptBundle(bundle, received)).rejects.toBe(reason);
  } finally {
    vi.restoreAllMocks();
  }
});

describe('in a browser, webcrypto', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  /** Encrypts as in a browser, and returns what the hash and the cipher got. */
  async function inputsFor(plain: Uint8Array): Promise<unknown[]> {
    const browser = Object.create(globalThis.process ?? null, { versions: { value: {} } });
    vi.stubGlobal('process', browser);
    const { subtle } = crypto;
    const digest = vi.spyOn(subtle, 'digest');
    const encrypt = vi.spyOn(subtle, 'encrypt');
    await (await loadCbc('webcrypto')).encrypt(createSession(), plain, () => {});
    return [digest.mock.lastCall?.[1], encrypt.mock.lastCall?.[2]];
  }

  it('copies no memory that only this thread can change', async () => {
    const plain = bytesOf(1000);
    const inputs = await inputsFor(plain);
    expect(inputs.map((input) => input === plain)).toEqual([true, true]);
  });

  it('copies shared memory once for the hash and the cipher', async () => {
    // A page that is not isolated has no SharedArrayBuffer, but WebAssembly gives it shared memory.
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const shared = new Uint8Array(memory.buffer, 0, 1000);
    const [hashed, encrypted] = await inputsFor(shared);
    expect(hashed).toEqual(new Uint8Array(1000));
    expect(hashed).not.toBe(shared);
    expect(encrypted).toBe(hashed);
  });
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ 0x80;
  return copy;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

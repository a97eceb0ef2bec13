// Sealing and opening chunk by chunk: the calls of a backend, how many run at once, and that each cipher is closed.

import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import { nobleBackend } from '../../../src/backend/noble.ts';
import { encryptedChunks, inFlightOf, memorySink } from '../../../src/bundle/chunk-loop.ts';
import { decryptChunks, type OpenWork } from '../../../src/bundle/decrypt.ts';
import {
  checkChunkCount,
  encryptAndSeal,
  readSealing,
  sealBundle,
} from '../../../src/bundle/encrypt.ts';
import { openHeaderFrom, readPublicKeys } from '../../../src/bundle/open-header.ts';
import { decryptBundle, encryptBundle, inspectBundle, type Progress } from '../../../src/index.ts';
import { readSigningKey } from '../../../src/seal/signing-key.ts';
import { openInput, type Source, sourceFrom } from '../../../src/sources/input.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection, thrown } from '../../support/errors.ts';
import { everyNthInPage } from '../../support/scope.ts';
import { same } from '../../support/streams.ts';
import { keyB } from '../../support/vectors.ts';

const CHUNK = 4096;
const plain = bytesOf(11 * CHUNK + 5);
const sealing = { privateKey: keyB.pkcs8, chunkSize: CHUNK };
const { bytes, checksum } = await encryptBundle(plain, sealing);
const { headerLength } = inspectBundle(bytes);

/** A slow backend, and a log of its calls. */
function watched(hashesWhole = false) {
  const seen = {
    ciphers: [] as [purpose: string, size: number, chunkSize: number][],
    hashed: [] as Uint8Array[],
    hashes: 0,
    most: 0,
    closed: 0,
  };
  let underWay = 0;
  const slowly = async <T>(work: () => T): Promise<T> => {
    seen.most = Math.max(seen.most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, 200));
    underWay -= 1;
    return work();
  };
  const backend: Backend = {
    ...nobleBackend,
    hashesWhole,
    sha256(whole) {
      seen.hashed.push(whole);
      return nobleBackend.sha256(whole);
    },
    createHash() {
      seen.hashes += 1;
      return nobleBackend.createHash();
    },
    async createCipher(purpose, sessionKey, size, chunkSize) {
      seen.ciphers.push([purpose, size, chunkSize]);
      const cipher = await nobleBackend.createCipher(purpose, sessionKey, size, chunkSize);
      return {
        inFlight: Number.POSITIVE_INFINITY,
        encrypt: (nonce, chunk, out) => slowly(() => cipher.encrypt(nonce, chunk, out)) as never,
        decrypt: (nonce, chunk, digest, out) =>
          slowly(() => cipher.decrypt(nonce, chunk, digest, out)) as never,
        close() {
          seen.closed += 1;
          cipher.close();
        },
      };
    },
  };
  return { backend, seen };
}

/** The same bytes, which are not in memory as far as can be seen. */
const key = await readSigningKey(sealing.privateKey);

function elsewhere(all: Uint8Array): Source {
  return { size: all.length, read: async (start, end) => all.subarray(start, end) };
}

describe('chunks that may be in memory at once', () => {
  it('are eight, limited to 4 MiB, but at least two', () => {
    const sizes = [12, 19, 20, 21, 22, 24].map((exponent) => 2 ** exponent);
    expect(sizes.map(inFlightOf)).toEqual([8, 8, 4, 2, 2, 2]);
  });

  it.each([
    ['all, where the bundle is there anyway', openInput(plain, 'bundle'), 12],
    ['eight, where it is elsewhere', elsewhere(plain), 8],
  ])('are sealed at once: %s', async (_, source, most) => {
    const { backend, seen } = watched();
    const sessionKey = new Uint8Array(32).fill(7);
    const sealed = await sealBundle(source, { ...readSealing(sealing), key, backend, sessionKey });
    expect(seen.most).toBe(most);
    expect(seen.ciphers).toEqual([['encrypt', plain.length, CHUNK]]);
    expect(seen.closed).toBe(1);
    expect(sealed.checksum).toBe(checksum);
    const opened = await decryptBundle(sealed.bytes, { publicKey: keyB.spki });
    expect(same(opened, plain)).toBe(true);
  });
});

describe('the checksum of a sealed bundle', () => {
  const seal = (backend: Backend, source: Source) =>
    sealBundle(source, { ...readSealing(sealing), key, backend, sessionKey: new Uint8Array(32) });

  it('is computed by one native call if the bundle is in one piece', async () => {
    const { backend, seen } = watched(true);
    const source = openInput(plain, 'bundle');
    expect((await seal(backend, source)).checksum).toBe(checksum);
    expect(seen.hashed.filter(({ length }) => length === plain.length)).toHaveLength(1);
    // In memory that the caller does not have.
    expect(seen.hashed.some(({ buffer }) => buffer === source.bytes?.buffer)).toBe(false);
    expect(seen.hashes).toBe(0);
  });

  it.each([
    ['where that is not native', false, openInput(plain, 'bundle')],
    ['where not all is there', true, elsewhere(plain)],
  ])('is taken piece by piece %s', async (_, hashesWhole, source) => {
    const { backend, seen } = watched(hashesWhole);
    expect((await seal(backend, source)).checksum).toBe(checksum);
    expect(seen.hashed.some((whole) => whole.length === plain.length)).toBe(false);
    expect(seen.hashes).toBe(1);
  });

  it('may fail after a chunk, whose error is then reported', async () => {
    const no = new Error('the chunk');
    const { backend } = watched(true);
    const failing: Backend = {
      ...backend,
      sha256: () => new Promise((_, reject) => setTimeout(reject, 1, new Error('the checksum'))),
      createCipher: () => ({
        inFlight: 1,
        encrypt: () => {
          throw no;
        },
        decrypt: () => undefined,
        close() {},
      }),
    };
    await expect(seal(failing, openInput(plain, 'bundle'))).rejects.toBe(no);
    // An unhandled rejection would fail the run.
    await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

describe('opening chunks', () => {
  async function open(
    input: Source,
    { backend, seen }: ReturnType<typeof watched>,
    more: Partial<OpenWork> = {},
  ) {
    const keys = await readPublicKeys(backend, keyB.spki);
    const opened = await openHeaderFrom(backend, openInput(bytes, 'sealed'), keys, {});
    seen.hashed.length = 0;
    const memory = new Uint8Array(plain.length);
    const chunks = encryptedChunks(sourceFrom(input, headerLength), opened.header.layout);
    const work = { backend, opened, checksum: memory, ...more };
    await decryptChunks(work, chunks, memorySink(memory));
    return memory;
  }

  it.each([
    ['all at once, where the body is there anyway', openInput(bytes, 'sealed'), 12],
    ['eight at once, where it is elsewhere', elsewhere(bytes), 8],
  ])('is done %s', async (_, input, most) => {
    const watch = watched();
    expect(same(await open(input, watch), plain)).toBe(true);
    expect(watch.seen.most).toBe(most);
    expect(watch.seen.ciphers).toEqual([['decrypt', plain.length, CHUNK]]);
    expect(watch.seen.closed).toBe(1);
  });

  it.each<[string, boolean, OpenWork['checksum'] | undefined, number, number]>([
    ['of the memory in one piece, where that is native', true, undefined, 1, 0],
    ['of the chunks, where it is not', false, undefined, 0, 1],
    ['of the chunks, where they are not kept', true, 'running', 0, 1],
    ['not at all, where it is not asked for', true, 'none', 0, 0],
  ])('takes the checksum %s', async (_, hashesWhole, asked, whole, pieces) => {
    const watch = watched(hashesWhole);
    await open(openInput(bytes, 'sealed'), watch, asked === undefined ? {} : { checksum: asked });
    expect([watch.seen.hashed.length, watch.seen.hashes]).toEqual([whole, pieces]);
  });

  it.each<[[number, number], number]>([
    [[2, 5], 3 * CHUNK],
    [[10, 12], CHUNK + 5],
  ])('of the range %o tells its progress in it', async (range, total) => {
    const watch = watched();
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    const memory = await open(openInput(bytes, 'sealed'), watch, {
      ...{ range, checksum: 'none', onProgress },
    });
    expect(watch.seen.ciphers).toEqual([['decrypt', total, CHUNK]]);
    expect(seen).toHaveLength(range[1] - range[0]);
    expect(seen[0]).toEqual({ done: CHUNK, total });
    expect(seen.at(-1)).toEqual({ done: total, total });
    const start = range[0] * CHUNK;
    expect(same(memory.subarray(0, total), plain.subarray(start, start + total))).toBe(true);
  });

  it('ends at an altered chunk, says what to do, and closes the cipher', async () => {
    const altered = bytes.slice();
    const at = headerLength + 3 * (CHUNK + 16);
    altered[at] = (altered[at] ?? 0) ^ 1;
    const watch = watched();
    const error = await rejection(open(openInput(altered, 'sealed'), watch), 'ERR_CHUNK_INVALID');
    expect(error.message).toBe(
      `chunk 3 (from byte ${3 * (CHUNK + 16)} of the body) does not have its signed digest: the file was altered or damaged, discard it and fetch it again`,
    );
    expect(watch.seen.closed).toBe(1);
  });

  it('fails if the whole differs from the signed checksum, and says which tool is faulty', async () => {
    const watch = watched(true);
    const other = new Uint8Array(plain.length);
    const work = open(openInput(bytes, 'sealed'), watch, { checksum: other });
    const error = await rejection(work, 'ERR_CHECKSUM_MISMATCH');
    expect(error.message).toMatch(/^the bundle does not have the signed checksum.*seal it again$/);
  });
});

describe('a bundle of unknown size', () => {
  const chunk = new Uint8Array(CHUNK);
  /** No cryptography but the signature's: a chunk's digest is its nonce. */
  const backend: Backend = {
    ...nobleBackend,
    createHash: () => ({ update() {}, digest: () => new Uint8Array(32) }),
    createCipher: () => ({
      inFlight: 1,
      encrypt(nonce) {
        const digest = new Uint8Array(32);
        digest.set(nonce);
        return digest;
      },
      decrypt: () => undefined,
      close() {},
    }),
  };
  let reads = 0;
  const seal = (count: number) => {
    reads = 0;
    const source = {
      count: Number.POSITIVE_INFINITY,
      inFlight: 1,
      read(index: number) {
        reads += 1;
        return index < count ? chunk : undefined;
      },
      isLast: (index: number) => index === count - 1,
    };
    const room = new Uint8Array(CHUNK + 16);
    const size = Number.POSITIVE_INFINITY;
    const work = { ...readSealing(sealing), key, backend, sessionKey: new Uint8Array(32), size };
    return encryptAndSeal(work, source, { room: () => room, take() {} });
  };

  it('has the digest of each of its chunks in the header, for any number of chunks', async () => {
    for (const count of [1, 4096, 4097, 8193]) {
      const { header, size } = await seal(count);
      expect(size).toBe(count * CHUNK);
      const digests = header.subarray(56, -384);
      expect(digests.length).toBe(32 * count);
      const view = new DataView(digests.buffer, digests.byteOffset);
      for (let i = 0; i < count; i++) {
        if (view.getUint32(32 * i + 7) !== i) throw new Error(`not the digest of chunk ${i}`);
      }
      expect(view.getUint8(32 * count - 21)).toBe(1);
    }
  });

  it('has as many chunks as readers take at the most', () => {
    checkChunkCount(2 ** 20);
    thrown(() => checkChunkCount(2 ** 20 + 1), 'ERR_LIMIT_EXCEEDED');
  });

  // A million chunks take a page a second, and are the same there.
  it.each(everyNthInPage([2 ** 20], 2, 1))(
    'is refused at the first chunk beyond the limit of readers, %i',
    async (limit) => {
      const error = await rejection(seal(Number.POSITIVE_INFINITY), 'ERR_LIMIT_EXCEEDED');
      expect(error.message).toBe(
        'the bundle has more than 1048576 chunks, the most that readers accept: use a larger chunkSize',
      );
      expect(reads).toBe(limit + 1);
    },
  );
});

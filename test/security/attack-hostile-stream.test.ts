// Streams that lie, yield values other than bytes, call back into their reader, or are not streams.

import { describe, expect, it } from 'vitest';
import {
  BundleSealError,
  decryptBundle,
  decryptStream,
  encryptBundle,
  encryptStream,
} from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { drain, same, streamOf } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const CHUNK = 4096;
const plain = bytesOf(3 * CHUNK);
const { bytes: sealed } = await encryptBundle(plain, { privateKey: keyB.pkcs8, chunkSize: CHUNK });

/** An object with a reader of its own in the place of a stream. */
function streamWith(read: () => unknown): ReadableStream<Uint8Array> {
  const reader = { read, async cancel() {}, releaseLock() {} };
  return { locked: false, getReader: () => reader } as never;
}

/** Bytes with false properties. */
function lying(bytes: Uint8Array): Uint8Array {
  const evil = new Uint8Array(bytes.length).fill(0x41);
  return Object.defineProperties(bytes.slice(), {
    subarray: { value: () => evil },
    slice: { value: () => evil },
    length: { value: 2 ** 31 },
    [Symbol.iterator]: { value: () => evil[Symbol.iterator]() },
  });
}

const isProven = (bytes: Uint8Array) => same(bytes, plain.subarray(0, bytes.length));

describe.each(PREFERRED_BACKENDS)('a hostile stream, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };

  it('whose bytes override their own methods is read by their real content', async () => {
    const { bytes, error } = await drain(decryptStream(streamOf([lying(sealed)]).stream, options));
    expect(error).toBeUndefined();
    expect(same(bytes, plain)).toBe(true);
    const sealing = { privateKey: keyB.pkcs8, chunkSize: CHUNK, backend };
    const { body, seal } = encryptStream(streamOf([lying(plain)]).stream, sealing);
    const { bytes: made } = await drain(body);
    const opening = { ...options, seal: await seal };
    expect(same(await decryptBundle(made, opening), plain)).toBe(true);
  });

  it.each([
    ['null', null],
    ['nothing', undefined],
    ['a number', 5],
    ['no value', { done: false }],
    ['text', { done: false, value: 'BNDLSEAL' }],
    ['an array of numbers', { done: false, value: [...sealed.subarray(0, 64)] }],
    ['an object that says it is bytes', { value: { [Symbol.toStringTag]: 'Uint8Array' } }],
  ])('that answers with %s ends with an error', async (_, answer) => {
    const source = streamWith(async () => answer);
    const { bytes, error } = await drain(decryptStream(source, options));
    expect(error).toBeInstanceOf(Error);
    expect(bytes).toHaveLength(0);
  });

  it('that continues after its end is treated as ended', async () => {
    let calls = 0;
    const source = streamWith(async () => {
      calls += 1;
      if (calls === 1) return { done: false, value: sealed.subarray(0, sealed.length - 1) };
      return calls === 2 ? { done: true } : { done: false, value: sealed.subarray(-1) };
    });
    const { bytes, error } = await drain(decryptStream(source, options));
    expect(error).toMatchObject({ code: 'ERR_LENGTH_INVALID' });
    expect(isProven(bytes)).toBe(true);
  });

  it('that never ends after the bundle is not read on', async () => {
    let calls = 0;
    const source = streamWith(async () => {
      calls += 1;
      return { done: false, value: calls === 1 ? sealed : new Uint8Array(1000) };
    });
    const { bytes, error } = await drain(decryptStream(source, options));
    expect(error).toMatchObject({ code: 'ERR_LENGTH_INVALID' });
    expect(isProven(bytes)).toBe(true);
    expect(calls).toBe(2);
  });

  it('of endless empty pieces is left on an abort', async () => {
    const controller = new AbortController();
    let calls = 0;
    const source = streamWith(async () => {
      calls += 1;
      if (calls === 5000) controller.abort('enough');
      return { done: false, value: new Uint8Array(0) };
    });
    const opened = decryptStream(source, { ...options, signal: controller.signal });
    expect((await drain(opened)).error).toBe('enough');
    expect(calls).toBeLessThan(5010);
  });

  it('of endless empty pieces does not block timers', async () => {
    const signal = AbortSignal.timeout(20);
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(0)),
    });
    const { error } = await drain(decryptStream(source, { ...options, signal }));
    expect(error).toBe(signal.reason);
    const second = AbortSignal.timeout(20);
    const endless = streamWith(async () => ({ done: false, value: new Uint8Array(0) }));
    const sealing = { privateKey: keyB.pkcs8, backend, signal: second };
    const { body, seal } = encryptStream(endless, sealing);
    seal.catch(() => {});
    expect((await drain(body)).error).toBe(second.reason);
  });

  it('that refills the same memory each time is refused or gives the right bytes', async () => {
    for (const length of [64, 1000, CHUNK + 16, sealed.length]) {
      const memory = new Uint8Array(length);
      let at = 0;
      const source = streamWith(async () => {
        if (at >= sealed.length) return { done: true };
        const piece = sealed.subarray(at, at + length);
        at += piece.length;
        memory.set(piece);
        return { done: false, value: memory.subarray(0, piece.length) };
      });
      const { bytes, error } = await drain(decryptStream(source, options));
      expect(isProven(bytes)).toBe(true);
      if (error !== undefined) expect(error).toBeInstanceOf(BundleSealError);
      else expect(bytes).toHaveLength(plain.length);
    }
  });

  it('that opens the bundle while it is being read gets both right', async () => {
    let inner: Promise<{ bytes: Uint8Array; error?: unknown }> | undefined;
    let isGiven = false;
    const source = streamWith(async () => {
      inner ??= drain(decryptStream(streamOf([sealed]).stream, options));
      await inner;
      if (isGiven) return { done: true };
      isGiven = true;
      return { done: false, value: sealed };
    });
    const { bytes, error } = await drain(decryptStream(source, options));
    expect(error).toBeUndefined();
    expect(same(bytes, plain)).toBe(true);
    expect(same((await inner)?.bytes as Uint8Array, plain)).toBe(true);
  });

  it('that cancels its own reader releases no unverified byte', async () => {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    let calls = 0;
    const source = streamWith(async () => {
      calls += 1;
      if (calls === 2) await reader?.cancel('mine');
      return { done: false, value: sealed.subarray((calls - 1) * 5000, calls * 5000) };
    });
    reader = decryptStream(source, options).getReader();
    const parts: Uint8Array[] = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
    }
    const all = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    expect(isProven(all)).toBe(true);
    expect(all.length).toBeLessThan(plain.length);
  });

  it('that is neither locked nor readable is refused, and its error is not lost', async () => {
    const source = streamWith(() => {
      throw new Error('not now');
    });
    const { error } = await drain(decryptStream(source, options));
    expect(error).toMatchObject({ code: 'ERR_SOURCE_FAILED', cause: { message: 'not now' } });
  });
});

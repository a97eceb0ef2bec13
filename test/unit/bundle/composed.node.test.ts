// Calls that feed each other: the caller's own errors come through as they are.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decryptBundle,
  decryptStream,
  encryptBundle,
  encryptStream,
  httpSource,
  openBundle,
} from '../../../src/index.ts';
import { unzipFile } from '../../../src/node.ts';
import { openZip, unzipStream, zipBundle, zipStream } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { drain, streamOf } from '../../support/streams.ts';
import { keyB } from '../../support/vectors.ts';

const zip = await zipBundle({ 'a.bin': bytesOf(200_000), 'b.bin': bytesOf(100) });
const sealing = { privateKey: keyB.pkcs8, chunkSize: 4096 };
const metadata = { appId: 'com.example.app', version: '1.2.3', channel: 'beta', sequence: 7 };
const { bytes } = await encryptBundle(zip, { ...sealing, metadata });
const opening = { publicKey: keyB.spki };

/** What each composition over `decryptStream` ends with. */
const compositions: [string, (opened: ReadableStream<Uint8Array>) => Promise<unknown>][] = [
  [
    'unzipStream',
    async (opened) => {
      for await (const entry of unzipStream(opened)) await entry.bytes();
    },
  ],
  [
    'unzipStream behind a stream of the caller',
    async (opened) => {
      const between = new TransformStream<Uint8Array, Uint8Array>();
      for await (const entry of unzipStream(opened.pipeThrough(between))) await entry.bytes();
    },
  ],
  [
    'unzipFile',
    async (opened) => {
      const folder = await mkdtemp(join(tmpdir(), 'bundleseal-test-'));
      try {
        await unzipFile(opened, join(folder, 'out'));
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  ],
  [
    'encryptStream',
    async (opened) => {
      const { body, seal } = encryptStream(opened, sealing);
      const { error } = await drain(body);
      await expect(seal).rejects.toBe(error);
      throw error;
    },
  ],
  [
    'zipStream',
    async (opened) => {
      throw (await drain(zipStream({ a: opened }))).error;
    },
  ],
  [
    'decryptStream over encryptStream',
    async (opened) => {
      const { body } = encryptStream(opened, sealing);
      const { seal } = await encryptBundle(zip, sealing);
      throw (await drain(decryptStream(body, { ...opening, seal }))).error;
    },
  ],
];

describe.each(compositions)('%s over decryptStream', (_, work) => {
  const reasons: [string, unknown][] = [
    ['an error', new Error('mine')],
    ['a TypeError', new TypeError('mine')],
  ];

  it.each(reasons)('rejects with what onHeader threw: %s', async (__, reason) => {
    const onHeader = () => {
      throw reason;
    };
    const opened = decryptStream(streamOf([bytes]).stream, { ...opening, onHeader });
    await expect(work(opened)).rejects.toBe(reason);
  });

  it.each(reasons)('rejects with the reason of a rejected onHeader: %s', async (__, reason) => {
    const onHeader = () => Promise.reject(reason);
    const opened = decryptStream(streamOf([bytes]).stream, { ...opening, onHeader });
    await expect(work(opened)).rejects.toBe(reason);
  });

  it('rejects on abort while onHeader is pending', async () => {
    const stop = new AbortController();
    const { signal } = stop;
    const reason = new Error('mine');
    const onHeader = () => {
      stop.abort(reason);
      return new Promise<void>(() => {});
    };
    const opened = decryptStream(streamOf([bytes]).stream, { ...opening, signal, onHeader });
    await expect(work(opened)).rejects.toBe(reason);
  });

  it.each(reasons)("rejects with the signal's reason: %s", async (__, reason) => {
    const stop = new AbortController();
    const { signal } = stop;
    const onProgress = () => stop.abort(reason);
    const opened = decryptStream(streamOf([bytes]).stream, { ...opening, signal, onProgress });
    await expect(work(opened)).rejects.toBe(reason);
  });

  it('still reports a failed source if a source of the caller fails', async () => {
    const cause = new Error('no network');
    const source = streamOf([bytes.subarray(0, 100)], { error: cause }).stream;
    const error = await rejection(work(decryptStream(source, opening)), 'ERR_SOURCE_FAILED');
    expect(error.cause).toBe(cause);
  });
});

it('a reason that is not an object passes through unzipStream', async () => {
  const opened = decryptStream(streamOf([bytes]).stream, {
    ...opening,
    signal: AbortSignal.abort('enough'),
  });
  await expect(unzipStream(opened).next()).rejects.toBe('enough');
});

it('the reason of the signal of httpSource passes through openBundle and openZip', async () => {
  const stop = new AbortController();
  const file = new Uint8Array(200_000 + bytes.length);
  file.set(bytes);
  const serve = async (_url: unknown, init?: RequestInit) => {
    const [first = 0, last = 0] = (
      new Headers(init?.headers).get('range')?.match(/\d+/g) ?? []
    ).map(Number);
    if (first > 0) stop.abort('enough');
    init?.signal?.throwIfAborted();
    const end = Math.min(last + 1, bytes.length);
    const headers = { 'content-range': `bytes ${first}-${end - 1}/${bytes.length}` };
    return new Response(bytes.slice(first, end), { status: 206, headers });
  };
  const source = await httpSource('https://example.com/app', { fetch: serve, signal: stop.signal });
  const reader = await openBundle(source, opening);
  await expect(reader.read(100_000, 10)).rejects.toBe('enough');
  await expect(openZip(reader)).rejects.toBe('enough');
  reader.close();
  await expect(openZip(reader)).rejects.toThrow(/the reader is closed/);
});

describe('ERR_EXPECTATION_FAILED', () => {
  it.each([
    ['appId', 'com.example.other', 'com.example.app'],
    ['version', '1.2.4', '1.2.3'],
    ['channel', 'production', 'beta'],
    ['minSequence', 8, 7],
  ] as const)(
    'names the failed member %s, the expected value and the actual one',
    async (name, expected, actual) => {
      const work = decryptBundle(bytes, { ...opening, expect: { [name]: expected } });
      const error = await rejection(work, 'ERR_EXPECTATION_FAILED');
      expect(error).toMatchObject({ expectation: name, expected, actual });
    },
  );

  it('has no `actual` if the bundle lacks the member', async () => {
    const { bytes: bare } = await encryptBundle(new Uint8Array(1), sealing);
    const work = decryptBundle(bare, { ...opening, expect: { minSequence: 1 } });
    const error = await rejection(work, 'ERR_EXPECTATION_FAILED');
    expect(error).toMatchObject({ expectation: 'minSequence', expected: 1 });
    expect('actual' in error).toBe(false);
  });
});

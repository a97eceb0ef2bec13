import { describe, expect, it } from 'vitest';
import { checksum, decryptBundle, encryptBundle, type Progress } from '../../../src/index.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { inShortTurns } from '../../support/turns.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
const bundle = bytesOf(4096 * 40 + 7);
const asBlob = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]);

/** A Blob whose slices behave as told. */
function strangeBlob(
  size: number,
  read: (start: number, end: number) => Promise<ArrayBuffer>,
): Blob {
  const blob = new Blob([new Uint8Array(size)]);
  Object.defineProperty(blob, 'slice', {
    value: (start: number, end: number) => ({ arrayBuffer: () => read(start, end) }),
  });
  return blob;
}

describe.each(BACKENDS)('work through %s', (backend) => {
  describe.each([
    ['memory', (bytes: Uint8Array) => bytes],
    ['a Blob', asBlob],
  ] as const)('on %s', (_, wrap) => {
    it('reports its progress in plain bytes, upwards, to the end', async () => {
      const sealed = await encryptBundle(bundle, { privateKey, chunkSize: 4096 });
      const runs: [string, (onProgress: (p: Progress) => void) => Promise<unknown>][] = [
        [
          'seal',
          (onProgress) =>
            encryptBundle(wrap(bundle), { privateKey, chunkSize: 4096, backend, onProgress }),
        ],
        [
          'open',
          (onProgress) => decryptBundle(wrap(sealed.bytes), { publicKey, backend, onProgress }),
        ],
        ['checksum', (onProgress) => checksum(wrap(bundle), { backend, onProgress })],
      ];
      for (const [name, run] of runs) {
        const seen: Progress[] = [];
        await run((progress) => seen.push(progress));
        expect(seen.at(-1), name).toEqual({ done: bundle.length, total: bundle.length });
        expect(seen.every(({ done }, i) => i === 0 || done > (seen[i - 1]?.done ?? 0))).toBe(true);
      }
    });

    it('stops at an abort with the reason of the signal', async () => {
      const sealed = await encryptBundle(bundle, { privateKey, chunkSize: 4096 });
      const runs: ((o: { signal: AbortSignal; onProgress: () => void }) => Promise<unknown>)[] = [
        (o) => encryptBundle(wrap(bundle), { privateKey, chunkSize: 4096, backend, ...o }),
        (o) => decryptBundle(wrap(sealed.bytes), { publicKey, backend, ...o }),
      ];
      for (const run of runs) {
        const reason = new Error('enough');
        await expect(run({ signal: AbortSignal.abort(reason), onProgress: () => {} })).rejects.toBe(
          reason,
        );
        const during = new AbortController();
        let calls = 0;
        const onProgress = () => {
          calls++;
          during.abort(reason);
        };
        await expect(run({ signal: during.signal, onProgress })).rejects.toBe(reason);
        expect(calls).toBe(1);
      }
    });

    it('ends with the error of a callback that throws', async () => {
      const mine = new Error('mine');
      const onProgress = () => {
        throw mine;
      };
      await expect(encryptBundle(wrap(bundle), { privateKey, backend, onProgress })).rejects.toBe(
        mine,
      );
    });
  });

  it('reports its progress for an empty bundle', async () => {
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    const { bytes } = await encryptBundle(new Uint8Array(0), { privateKey, backend, onProgress });
    await decryptBundle(bytes, { publicKey, backend, onProgress });
    expect(seen).toEqual([
      { done: 0, total: 0 },
      { done: 0, total: 0 },
    ]);
  });

  it('reads a Blob in slices of a chunk', async () => {
    const sizes: number[] = [];
    const blob = strangeBlob(bundle.length, async (start, end) => {
      sizes.push(end - start);
      return bundle.slice(start, end).buffer as ArrayBuffer;
    });
    const sealed = await encryptBundle(blob, { privateKey, chunkSize: 4096, backend });
    expect(Math.max(...sizes)).toBe(4096);
    expect(sizes.length).toBe(41);
    expect(await decryptBundle(sealed.bytes, { publicKey, backend })).toEqual(bundle);
  });

  it('ends with ERR_SOURCE_FAILED and the offset if a Blob cannot be read', async () => {
    const cause = new Error('NotReadableError');
    const broken = strangeBlob(bundle.length, async (start, end) => {
      if (start >= 8192) throw cause;
      return bundle.slice(start, end).buffer as ArrayBuffer;
    });
    const work = encryptBundle(broken, { privateKey, chunkSize: 4096, backend });
    const error = await rejection(work, 'ERR_SOURCE_FAILED');
    expect(error.offset).toBe(8192);
    expect(error.cause).toBe(cause);
    await rejection(
      checksum(
        strangeBlob(10, async () => Promise.reject(cause)),
        { backend },
      ),
      'ERR_SOURCE_FAILED',
    );
  });

  it('ends with ERR_SOURCE_FAILED if a Blob gives too few or too many bytes', async () => {
    for (const change of [-1, 1]) {
      const liar = strangeBlob(
        bundle.length,
        async (start, end) => new ArrayBuffer(end - start + change),
      );
      const work = encryptBundle(liar, { privateKey, chunkSize: 4096, backend });
      await rejection(work, 'ERR_SOURCE_FAILED');
    }
  });

  it('can be aborted while a Blob never answers', async () => {
    const { bytes } = await encryptBundle(bundle, { privateKey, chunkSize: 4096 });
    const silent = strangeBlob(bytes.length, () => new Promise(() => {}));
    const controller = new AbortController();
    const reason = new Error('too slow');
    const work = decryptBundle(silent, { publicKey, backend, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(work).rejects.toBe(reason);
  });

  it('runs many bundles at once', async () => {
    const bundles = Array.from({ length: 12 }, (_, i) => bytesOf(5000 * i + 1));
    const opened = await Promise.all(
      bundles.map(async (one) => {
        const { bytes } = await encryptBundle(one, { privateKey, chunkSize: 4096, backend });
        return decryptBundle(bytes, { publicKey, backend });
      }),
    );
    expect(opened).toEqual(bundles);
  });

  it('yields to the event loop of the caller', async () => {
    const large = new Uint8Array(backend === 'noble' ? 2 ** 21 : 48 * 2 ** 20);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await inShortTurns(() => encryptBundle(large, { privateKey, backend }));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});

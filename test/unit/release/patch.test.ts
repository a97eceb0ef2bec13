import { describe, expect, it } from 'vitest';
import { decryptObject } from '../../../src/bundle/decrypt.ts';
import { encryptObject } from '../../../src/bundle/encrypt.ts';
import { inspectBundle, verifyChecksum } from '../../../src/index.ts';
import { codePatch } from '../../../src/release/code-patch.ts';
import { readPatchLimits } from '../../../src/release/patch-limits.ts';
import { applyPatch, createPatch, type ReleaseFiles, releaseId } from '../../../src/release.ts';
import { rejection } from '../../support/errors.ts';
import { AFTER, APP, BEFORE, patched, signing, trusting } from '../../support/release.ts';
import { PREFERRED_BACKENDS } from '../../support/scope.ts';
import { inShortTurns } from '../../support/turns.ts';
import { keyA, keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

const made = await createPatch(BEFORE, AFTER, signing);

describe.each(PREFERRED_BACKENDS)('a patch, through %s', (backend) => {
  it('makes the newer release from the older one', async () => {
    expect(await patched(BEFORE, AFTER, backend)).toEqual(AFTER);
  });

  it('opens a patch of every backend', async () => {
    expect(await applyPatch(made.bytes, BEFORE, { ...trusting, backend })).toEqual(
      new Map(Object.entries(AFTER)),
    );
  });
});

describe('createPatch', () => {
  it('returns the ids of both releases, and the digest and size of the sealed patch', async () => {
    expect(made.from).toBe(await releaseId(BEFORE));
    expect(made.to).toBe(await releaseId(AFTER));
    expect(made.size).toBe(made.bytes.length);
    expect(await verifyChecksum(made.bytes, made.sha256)).toBe(true);
  });

  it('codes a renamed file and a changed line in few bytes', () => {
    expect(made.size).toBeLessThan(1500);
  });

  it('seals an object of kind patch whose metadata has only the app', () => {
    const { kind, metadata } = inspectBundle(made.bytes);
    expect(kind).toBe('patch');
    expect(metadata).toEqual({ appId: APP });
  });

  it('does not reveal the ids in the sealed patch', () => {
    const text = Array.from(made.bytes, (byte) => String.fromCharCode(byte)).join('');
    for (const id of [made.from, made.to]) {
      expect(text).not.toContain(id);
      expect(text).not.toContain(
        String.fromCharCode(...(id.match(/../g) ?? []).map((hex) => Number.parseInt(hex, 16))),
      );
    }
  });

  it('refuses an unknown option, and a call without an app', async () => {
    const create = (options: object) => createPatch(BEFORE, AFTER, options as never);
    await expect(create({ ...signing, metadata: {} })).rejects.toThrow(/"metadata"/);
    for (const appId of [undefined, '', 7]) {
      await expect(create({ ...signing, appId })).rejects.toThrow(/appId/);
    }
    await expect(createPatch(utf8('a') as never, AFTER, signing)).rejects.toThrow(TypeError);
    await expect(createPatch(BEFORE, utf8('a') as never, signing)).rejects.toThrow(TypeError);
  });

  it('refuses a public key before it reads a file', async () => {
    let reads = 0;
    const files = {
      a: () => {
        reads++;
        return utf8('x');
      },
    };
    await rejection(
      createPatch(files, files, { privateKey: keyB.spki, appId: APP }),
      'ERR_KEY_INVALID',
    );
    expect(reads).toBe(0);
  });

  it('names the path that a release may not have, in either release', async () => {
    const wrong = { 'e\u0301': utf8('x') };
    expect(
      (await rejection(createPatch(wrong, AFTER, signing), 'ERR_ARCHIVE_INVALID')).path,
    ).toMatch(/^e/);
    await rejection(createPatch(BEFORE, wrong, signing), 'ERR_ARCHIVE_INVALID');
    await rejection(createPatch(BEFORE, {}, signing), 'ERR_ARCHIVE_INVALID');
  });

  it('rejects on abort while the signer has not answered', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const sign = () => {
      controller.abort(reason);
      return new Promise<never>(() => {});
    };
    const privateKey = { publicKey: keyB.spki, sign };
    const options = { privateKey, appId: APP, signal: controller.signal };
    await expect(createPatch({ a: utf8('1') }, { a: utf8('2') }, options)).rejects.toBe(reason);
  });

  it('refuses a release whose image is over 2^30 - 1 bytes before it hashes a file', async () => {
    // Only the length of these contents exists. A content of 1 GiB would take the test's memory.
    const release = (length: number) => [
      { path: 'a', name: utf8('a'), bytes: { length } as never },
    ];
    const list = (size: number) => `${size} a\n\n`.length;
    const limit = 2 ** 30 - 1;
    const atLimit = release(limit - list(limit));
    const overLimit = release(limit - list(limit) + 1);
    const small = release(1);
    for (const [from, to] of [
      [overLimit, small],
      [small, overLimit],
    ] as const) {
      const error = await rejection(codePatch(from, to, {}), 'ERR_LIMIT_EXCEEDED');
      expect(error.message).toContain('the release takes 1073741824 bytes and a patch at most');
    }
    await expect(codePatch(atLimit, small, {})).rejects.not.toMatchObject({
      code: 'ERR_LIMIT_EXCEEDED',
    });
  });

  it('cancels the streams of both releases if it fails', async () => {
    const cancelled: string[] = [];
    const stream = (name: string) =>
      new ReadableStream<Uint8Array>({ cancel: () => void cancelled.push(name) });
    const from = { 'a\\': utf8('x'), b: stream('from') };
    await rejection(createPatch(from, { c: stream('to') }, signing), 'ERR_ARCHIVE_INVALID');
    expect(cancelled.sort()).toEqual(['from', 'to']);
  });
});

describe('applyPatch', () => {
  it('accepts the older release in every form, and ignores its stamp', async () => {
    const forms: ReleaseFiles[] = [
      new Map(Object.entries(BEFORE).reverse()),
      Object.entries(BEFORE).map(([path, data]) => ({ path, data: new Blob([data as BlobPart]) })),
      Object.fromEntries(
        Object.entries(BEFORE).map(([path, data]) => [path, data.slice().buffer as ArrayBuffer]),
      ),
      Object.entries(BEFORE).map(([path, data]) => ({
        path,
        data: () => new Blob([data as BlobPart]).stream(),
      })),
      { ...BEFORE, 'bundleseal-release.json': utf8('{}') },
    ];
    for (const from of forms) {
      expect(Object.fromEntries(await applyPatch(made.bytes, from, trusting))).toEqual(AFTER);
    }
    expect((await applyPatch(new Blob([made.bytes]), BEFORE, trusting)).size).toBe(4);
  });

  it('returns the files in the order of their paths, as views of one buffer', async () => {
    const files = await applyPatch(made.bytes, BEFORE, trusting);
    expect([...files.keys()]).toEqual(Object.keys(AFTER).sort());
    expect(new Set([...files.values()].map(({ buffer }) => buffer)).size).toBe(1);
  });

  it('does not change the passed files', async () => {
    const copies = Object.fromEntries(
      Object.entries(BEFORE).map(([path, bytes]) => [path, bytes.slice()]),
    );
    const files = await applyPatch(made.bytes, copies, trusting);
    for (const bytes of files.values()) bytes.fill(0);
    expect(copies).toEqual(BEFORE);
  });

  it('finds its key among several, and refuses a patch for another key', async () => {
    const publicKey = [keyA.spki, keyB.spki];
    expect((await applyPatch(made.bytes, BEFORE, { ...trusting, publicKey })).size).toBe(4);
    await rejection(
      applyPatch(made.bytes, BEFORE, { ...trusting, publicKey: keyA.spki }),
      'ERR_KEY_MISMATCH',
    );
  });

  it('refuses unknown options, and a call without an app', async () => {
    const apply = (options: object) => applyPatch(made.bytes, BEFORE, options as never);
    await expect(apply({ ...trusting, expect: {} })).rejects.toThrow(/"expect"/);
    for (const appId of [undefined, '', null]) {
      await expect(apply({ ...trusting, appId })).rejects.toThrow(TypeError);
    }
    await expect(apply({ ...trusting, appId: '' })).rejects.toThrow('got an empty one');
    await expect(applyPatch(made.bytes, utf8('a') as never, trusting)).rejects.toThrow(TypeError);
  });

  it.each([
    [{ imageSize: 0 }, RangeError],
    [{ imageSize: 2 ** 30 }, RangeError],
    [{ imageSize: 1.5 }, RangeError],
    [{ imageSize: Number.NaN }, RangeError],
    [{ imageSize: '1' }, TypeError],
    [{ files: 0 }, RangeError],
    [{ files: 1n }, TypeError],
    [{ size: 1 }, TypeError],
    ['many', TypeError],
  ])('refuses the limits %o', async (limits, kind) => {
    await expect(
      applyPatch(made.bytes, BEFORE, { ...trusting, limits: limits as never }),
    ).rejects.toThrow(kind);
  });

  it('refuses an image over the limit, of the older release or of the newer one', async () => {
    const large = { a: new Uint8Array(10_000) };
    const small = { a: new Uint8Array(10) };
    const limits = { imageSize: 9999 };
    for (const [from, to] of [
      [large, small],
      [small, large],
    ] as const) {
      const { bytes } = await createPatch(from, to, signing);
      const error = await rejection(
        applyPatch(bytes, from, { ...trusting, limits }),
        'ERR_PATCH_INVALID',
      );
      expect(error.message).toContain('9999');
      const whole = await applyPatch(bytes, from, { ...trusting, limits: { imageSize: 10_009 } });
      expect(whole.get('a')).toEqual(to.a);
    }
  });

  it('reports another base before an image over the limit', async () => {
    const limits = { imageSize: 1 };
    const error = await rejection(
      applyPatch(made.bytes, AFTER, { ...trusting, limits }),
      'ERR_PATCH_INVALID',
    );
    expect(error.message).toContain('another release');
  });

  it('accepts images of up to 256 MiB and 65,536 files by default', async () => {
    expect(readPatchLimits()).toEqual({ imageSize: 268_435_456, files: 65_536 });
    expect(readPatchLimits({ files: 7 })).toEqual({ imageSize: 268_435_456, files: 7 });
    expect(readPatchLimits({ imageSize: 7 })).toEqual({ imageSize: 7, files: 65_536 });
  });

  it('refuses more files than the limit', async () => {
    await rejection(
      applyPatch(made.bytes, BEFORE, { ...trusting, limits: { files: 3 } }),
      'ERR_PATCH_INVALID',
    );
    const files = await applyPatch(made.bytes, BEFORE, { ...trusting, limits: { files: 4 } });
    expect(files.size).toBe(4);
  });

  it('rejects on abort while the patch is still being read', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const silent = new Blob([made.bytes]);
    Object.defineProperty(silent, 'slice', {
      value: () => {
        controller.abort(reason);
        return { arrayBuffer: () => new Promise(() => {}) };
      },
    });
    const options = { ...trusting, signal: controller.signal };
    await expect(applyPatch(silent, BEFORE, options)).rejects.toBe(reason);
  });

  it('rejects on abort while it reads the base to name the fault of an image over the limit', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const silent = new ReadableStream<Uint8Array>(
      { pull: () => controller.abort(reason) },
      { highWaterMark: 0 },
    );
    const options = { ...trusting, limits: { imageSize: 1 }, signal: controller.signal };
    await expect(applyPatch(made.bytes, { a: silent }, options)).rejects.toBe(reason);
  });

  it('throws an error of the iterable of files unchanged, whatever its code is', async () => {
    const mine = Object.assign(new Error('mine'), { code: 'ERR_ARCHIVE_INVALID' });
    async function* failing() {
      yield { path: 'a', data: utf8('x') };
      throw mine;
    }
    await expect(applyPatch(made.bytes, failing(), trusting)).rejects.toBe(mine);
  });

  it('names the fault of files that are not a release', async () => {
    const error = await rejection(
      applyPatch(made.bytes, { 'a\\': utf8('x') }, trusting),
      'ERR_PATCH_INVALID',
    );
    expect(error.cause).toMatchObject({ code: 'ERR_ARCHIVE_INVALID', path: 'a\\' });
  });

  it('distinguishes an unreadable content from another base', async () => {
    const from = {
      ...BEFORE,
      'index.html': () => {
        throw new Error('the disk is gone');
      },
    };
    const error = await rejection(applyPatch(made.bytes, from, trusting), 'ERR_SOURCE_FAILED');
    expect(error.path).toBe('index.html');
  });

  it('refuses genuine bytes that are not a patch', async () => {
    const options = { privateKey: keyB.pkcs8, metadata: { appId: APP } };
    for (const plain of [new Uint8Array(0), new Uint8Array(95), utf8('BNDLDIFF'.repeat(20))]) {
      const { bytes } = await encryptObject(plain, options, 'patch');
      await rejection(applyPatch(bytes, BEFORE, trusting), 'ERR_PATCH_INVALID');
    }
  });

  it('refuses a genuine patch that names another length of the older release', async () => {
    const plain = await decryptObject(made.bytes, { publicKey: keyB.spki }, 'patch');
    const view = new DataView(plain.buffer, plain.byteOffset);
    const length = view.getUint32(84);
    for (const wrong of [length - 1, length + 1]) {
      view.setUint32(84, wrong);
      const sealing = { privateKey: keyB.pkcs8, metadata: { appId: APP } };
      const { bytes } = await encryptObject(plain, sealing, 'patch');
      const error = await rejection(applyPatch(bytes, BEFORE, trusting), 'ERR_PATCH_INVALID');
      expect(error.message).toContain('starts from another release than the installed one');
    }
  });

  it('cancels the streams of the older release if it refuses the patch', async () => {
    let isCancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      cancel: () => {
        isCancelled = true;
      },
    });
    await rejection(applyPatch(utf8('no patch'), { a: stream }, trusting), 'ERR_LENGTH_INVALID');
    expect(isCancelled).toBe(true);
  });
});

describe('the work of a patch', () => {
  const noise = (seed: number) => {
    let state = seed;
    return Uint8Array.from({ length: 400_000 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return 97 + ((state >>> 24) % 20);
    });
  };
  const from = { a: noise(1) };
  const to = { a: noise(2) };

  it('reports its progress up to the end, and does not block timers', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const told: { done: number; total: number }[] = [];
    const onProgress = (progress: { done: number; total: number }) => void told.push(progress);
    const { bytes } = await inShortTurns(() => createPatch(from, to, { ...signing, onProgress }));
    const total = 400_000 + '400000 a\n\n'.length;
    expect(told.at(-1)).toEqual({ done: total, total });
    expect(told.length).toBeGreaterThan(2);
    expect(turns).toBeGreaterThan(2);
    told.length = 0;
    turns = 0;
    await inShortTurns(() => applyPatch(bytes, from, { ...trusting, onProgress }));
    clearInterval(timer);
    expect(told.at(-1)).toEqual({ done: total, total });
    expect(told.map(({ done }) => done)).toEqual(
      told.map(({ done }) => done).sort((a, b) => a - b),
    );
    expect(told.length).toBeGreaterThan(2);
    expect(turns).toBeGreaterThan(2);
  });

  it('rejects with the reason of the signal', async () => {
    const reason = new Error('enough');
    const stopIn = (work: (signal: AbortSignal, stop: () => void) => Promise<unknown>) => {
      const controller = new AbortController();
      return work(controller.signal, () => controller.abort(reason));
    };
    const { bytes } = await createPatch(from, to, signing);
    await expect(
      stopIn((signal, onProgress) => createPatch(from, to, { ...signing, signal, onProgress })),
    ).rejects.toBe(reason);
    await expect(
      stopIn((signal, onProgress) => applyPatch(bytes, from, { ...trusting, signal, onProgress })),
    ).rejects.toBe(reason);
    const signal = AbortSignal.abort(reason);
    await expect(createPatch(from, to, { ...signing, signal })).rejects.toBe(reason);
    await expect(applyPatch(bytes, from, { ...trusting, signal })).rejects.toBe(reason);
  });
});

// Calls from file to file: the content, the place and the permissions of outputs.
// @vitest-environment-options { "own": "files" }

import { getEventListeners } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type BundleInput,
  checksum,
  decryptBundle,
  encryptBundle,
  inspectBundle,
  openBundle,
  type Progress,
} from '../../../src/index.ts';
import { checksumFile, decryptFile, encryptFile, fileSource } from '../../../src/node.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { makeFolder, onFileSystem, openIn, snapshot, temporaries } from '../../support/files.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
const CHUNK = 4096;

const root = makeFolder();
let count = 0;
let folder: string;
const at = (name: string) => join(folder, name);
const put = (name: string, bytes: Uint8Array, mode = 0o644): string => {
  writeFileSync(at(name), bytes);
  chmodSync(at(name), mode);
  return at(name);
};
const get = (name: string) => Uint8Array.from(readFileSync(at(name)));
const modeOf = (name: string) => (statSync(at(name)).mode & 0o7777).toString(8);
const equal = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
/** Like toEqual, which takes seconds for more than a few KiB. */
const expectBytes = (actual: Uint8Array, expected: Uint8Array) => {
  expect(actual.length).toBe(expected.length);
  expect(equal(actual, expected)).toBe(true);
};

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

afterEach(() => {
  vi.restoreAllMocks();
  // Whatever a test did: no handle is left, and no temporary file.
  expect(openIn(folder)).toEqual([]);
  expect(temporaries(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The same session key for everyone, so that sealed bytes can be compared. */
function withoutChance(): void {
  vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    new Uint8Array((array as Uint8Array).buffer).fill(7);
    return array;
  });
}

const SIZES = [0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 12_288, 300_000];

describe.each(BACKENDS)('files through %s', (backend) => {
  it.each(SIZES)('of %i bytes are interchangeable with the functions in memory', async (size) => {
    const plain = bytesOf(size);
    const metadata = { appId: 'com.example.app', version: '1.2.3', own: ['ü', null] };
    const input = put('plain', plain);
    const seen: Progress[] = [];
    const made = await encryptFile(input, at('sealed'), {
      privateKey,
      metadata,
      chunkSize: CHUNK,
      backend,
      onProgress: (progress) => seen.push(progress),
    });
    const sealed = get('sealed');
    expect(made).toEqual({
      seal: made.seal,
      checksum: await checksum(plain),
      keyId: keyB.keyId,
      size,
      sealedSize: sealed.length,
    });
    expect(seen.at(-1)).toEqual({ done: size, total: size });
    expect(inspectBundle(made.seal)).toEqual(inspectBundle(sealed));
    expectBytes(await decryptBundle(sealed, { publicKey }), plain);

    seen.length = 0;
    const info = await decryptFile(at('sealed'), at('opened'), {
      publicKey,
      backend,
      expect: { version: '1.2.3' },
      onProgress: (progress) => seen.push(progress),
    });
    expectBytes(get('opened'), plain);
    expect(seen.at(-1)).toEqual({ done: size, total: size });
    expect(info).toEqual({ ...inspectBundle(sealed), proven: true, checksum: made.checksum });
    expect(info.metadata).toEqual(metadata);
    expect(await checksumFile(at('opened'), { backend })).toBe(made.checksum);
    expect(readdirSync(folder).sort()).toEqual(['opened', 'plain', 'sealed']);
    expectBytes(get('plain'), plain);
  });

  it.each([0, 4097])('of %i bytes can have a separate seal', async (size) => {
    const plain = bytesOf(size);
    const options = { privateKey, chunkSize: CHUNK, backend };
    const made = await encryptFile(put('plain', plain), at('body'), { ...options, detached: true });
    const body = get('body');
    const { headerLength, sealedSize } = inspectBundle(made.seal);
    expect(body.length).toBe(sealedSize - headerLength);
    expect(made.sealedSize).toBe(sealedSize);
    expectBytes(await decryptBundle(body, { publicKey, seal: made.seal }), plain);
    await rejection(
      decryptFile(at('body'), at('opened'), { publicKey, backend }),
      size === 0 ? 'ERR_LENGTH_INVALID' : 'ERR_HEADER_INVALID',
    );
    const info = await decryptFile(at('body'), at('opened'), {
      publicKey,
      backend,
      seal: made.seal,
    });
    expectBytes(get('opened'), plain);
    expect(info).toMatchObject({ proven: true, checksum: made.checksum, size });
    // What the functions in memory made apart is taken as well.
    const memory = await encryptBundle(plain, options);
    put('body', memory.ciphertext);
    await decryptFile(at('body'), at('opened'), { publicKey, backend, seal: memory.seal });
    expectBytes(get('opened'), plain);
  });

  it('equal the result of the functions in memory with the same session key byte by byte', async () => {
    withoutChance();
    for (const size of [0, 4096, 10_000]) {
      const plain = bytesOf(size);
      const options = { privateKey, chunkSize: CHUNK, backend, metadata: { sequence: 3 } };
      const memory = await encryptBundle(plain, options);
      const file = await encryptFile(put('plain', plain), at('sealed'), options);
      expectBytes(get('sealed'), memory.bytes);
      expect(file.seal).toBe(memory.seal);
      await encryptFile(at('plain'), at('body'), { ...options, detached: true });
      expectBytes(get('body'), memory.ciphertext);
    }
  });

  it('report their progress upwards and to the end, and release the signal', async () => {
    const plain = bytesOf(40 * CHUNK + 7);
    const { signal } = new AbortController();
    const sealing = { privateKey, chunkSize: CHUNK, backend, signal };
    const runs: ((onProgress: (progress: Progress) => void) => Promise<unknown>)[] = [
      (onProgress) => encryptFile(put('plain', plain), at('sealed'), { ...sealing, onProgress }),
      (onProgress) =>
        decryptFile(at('sealed'), at('opened'), { publicKey, backend, signal, onProgress }),
      (onProgress) => checksumFile(at('opened'), { backend, signal, onProgress }),
    ];
    for (const run of runs) {
      const seen: Progress[] = [];
      await run((progress) => seen.push(progress));
      expect(seen.at(-1)).toEqual({ done: plain.length, total: plain.length });
      expect(seen.every(({ done }, i) => i === 0 || done > (seen[i - 1]?.done ?? 0))).toBe(true);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
  });
});

describe('a file', () => {
  it('of a folder with a relative path, and with any name, is found and written', async () => {
    const plain = bytesOf(5000);
    const names = [
      'with space',
      'ünïcödé 日本語 🙂',
      '.hidden',
      '-rf',
      'a\nb',
      '%s%20',
      `${'ü'.repeat(127)}x`,
      'x'.repeat(255),
      'a.b-c-d-e.bundleseal-tmp-not',
    ];
    put('plain', plain);
    const here = (name: string) => relative(process.cwd(), at(name));
    for (const name of names) {
      await encryptFile(here('plain'), here(name), { privateKey });
      expectBytes(await decryptBundle(get(name), { publicKey }), plain);
      await decryptFile(here(name), here('opened'), { publicKey });
      expectBytes(get('opened'), plain);
      // Replaces the present output, too.
      await encryptFile(here('plain'), here(name), { privateKey });
    }
    expect(readdirSync(folder).sort()).toEqual([...names, 'opened', 'plain'].sort());
  });

  it('is opened with one of several keys', async () => {
    await encryptFile(put('plain', bytesOf(10)), at('sealed'), { privateKey: keyA.pkcs8 });
    const info = await decryptFile(at('sealed'), at('opened'), {
      publicKey: [keyB.spki, keyA.spki],
    });
    expect(info.keyId).toBe(keyA.keyId);
  });

  it('is not written if a signer fails', async () => {
    const sign = vi.fn(async () => new Uint8Array(3));
    const work = encryptFile(put('plain', bytesOf(10)), at('sealed'), {
      privateKey: { publicKey, sign },
    });
    await rejection(work, 'ERR_SIGNER_FAILED');
    expect(sign).toHaveBeenCalledTimes(1);
    expect(readdirSync(folder)).toEqual(['plain']);
  });

  it('replaces a longer or shorter file', async () => {
    const plain = bytesOf(5000);
    put('plain', plain);
    for (const length of [0, 10, 100_000]) {
      put('sealed', new Uint8Array(length));
      put('opened', new Uint8Array(length));
      await encryptFile(at('plain'), at('sealed'), { privateKey });
      await decryptFile(at('sealed'), at('opened'), { publicKey });
      expectBytes(get('opened'), plain);
    }
  });

  it('does not change its neighbours', async () => {
    for (const name of ['.sealed', '.sealed.', 'sealed.tmp', '.sealed.txt', '.bundleseal-tmp']) {
      put(name, bytesOf(3));
    }
    put('.sealed.mine', bytesOf(3));
    put('.other.x.bundleseal-tmp', bytesOf(3));
    put('plain', bytesOf(10));
    const before = snapshot(folder);
    await encryptFile(at('plain'), at('sealed'), { privateKey });
    rmSync(at('sealed'));
    expect(snapshot(folder)).toEqual(before);
    rmSync(at('.bundleseal-tmp'));
    rmSync(at('.other.x.bundleseal-tmp'));
  });

  it('is written into a temporary file that only its owner can read', async () => {
    const plain = bytesOf(50_000);
    put('plain', plain, 0o666);
    put('sealed', bytesOf(3), 0o666);
    const seen = new Set<string>();
    const onProgress = () => {
      const [name, ...others] = temporaries(folder);
      expect(others).toEqual([]);
      expect(name).toMatch(/^\.sealed\..+\.bundleseal-tmp$/);
      seen.add(modeOf(name as string));
      expectBytes(get('sealed'), bytesOf(3));
    };
    await encryptFile(at('plain'), at('sealed'), { privateKey, chunkSize: CHUNK, onProgress });
    expect([...seen]).toEqual(['600']);
    expect(modeOf('sealed')).toBe('666');
  });

  it('reaches the disk before it gets its name', async () => {
    put('plain', bytesOf(50_000));
    const calls: string[] = [];
    const before = (name: string) => {
      calls.push(name);
      return undefined;
    };
    await onFileSystem({ before }, () => encryptFile(at('plain'), at('sealed'), { privateKey }));
    const isWrite = (name: string) => /^(handle\.)?writev?$/.test(name);
    const rename = calls.indexOf('rename');
    const flush = calls.findIndex((name) => /^(handle\.sync|fsync)$/.test(name));
    const lastWrite = calls.length - 1 - [...calls].reverse().findIndex(isWrite);
    expect(calls.some(isWrite)).toBe(true);
    expect(flush).toBeGreaterThan(lastWrite);
    expect(rename).toBeGreaterThan(flush);
    expect(calls.filter((name) => name === 'rename').length).toBe(1);
  });

  it('is complete if the system reads and writes less than requested', async () => {
    const plain = bytesOf(50_000);
    put('plain', plain);
    let pieces = 0;
    const before = (name: string, args: unknown[]) => {
      // fd, buffer, offset, length; of a handle, without the first.
      const place = { read: 3, write: 3, 'handle.read': 2, 'handle.write': 2 }[name];
      if (place !== undefined) {
        args[place] = Math.min(args[place] as number, 1 + (pieces++ % 3) * 1500);
      }
      return undefined;
    };
    await onFileSystem({ before }, async () => {
      const options = { privateKey, chunkSize: CHUNK };
      await encryptFile(at('plain'), at('sealed'), options);
      await decryptFile(at('sealed'), at('opened'), { publicKey });
      expect(await checksumFile(at('plain'))).toBe(await checksum(plain));
      const source = await fileSource(at('plain'));
      expectBytes(await source.read(100, 30_000), plain.slice(100, 30_100));
      await source.close();
    });
    expect(pieces).toBeGreaterThan(100);
    expectBytes(get('opened'), plain);
    expectBytes(await decryptBundle(get('sealed'), { publicKey }), plain);
  });

  it('can be written by two calls at once, and the last one wins', async () => {
    const ways = [bytesOf(200_000), bytesOf(100_000)];
    put('one', ways[0] as Uint8Array);
    put('two', ways[1] as Uint8Array);
    for (let i = 0; i < 5; i++) {
      const options = { privateKey, chunkSize: CHUNK };
      const [one, two] = await Promise.all([
        encryptFile(at('one'), at('out'), options),
        encryptFile(at('two'), at('out'), options),
      ]);
      expect([one.checksum, two.checksum]).toContain(
        await checksum(await decryptBundle(get('out'), { publicKey })),
      );
      expect(readdirSync(folder).sort()).toEqual(['one', 'out', 'two']);
    }
    const runs = Array.from({ length: 12 }, (_, i) =>
      encryptFile(at(i % 2 === 0 ? 'one' : 'two'), at('out'), { privateKey }),
    );
    await Promise.all(runs);
    expectBytes(
      await decryptBundle(get('out'), { publicKey }),
      (get('out').length > 150_000 ? ways[0] : ways[1]) as Uint8Array,
    );
  });
});

describe('the mode of the output', () => {
  const MODES = [0o600, 0o640, 0o644, 0o755, 0o400, 0o666];

  it.each(MODES.map((mode) => [mode.toString(8), mode] as const))(
    '%s is the one of the input where there was no output',
    async (_, mode) => {
      put('plain', bytesOf(10), mode);
      await encryptFile(at('plain'), at('sealed'), { privateKey });
      await decryptFile(at('sealed'), at('opened'), { publicKey });
      expect([modeOf('sealed'), modeOf('opened')]).toEqual([mode.toString(8), mode.toString(8)]);
    },
  );

  it('is never wider than that of the previous file or of the input', async () => {
    for (const input of MODES) {
      for (const before of [...MODES, 0o604]) {
        put('plain', bytesOf(10), input);
        put('sealed', bytesOf(3), before);
        await encryptFile(at('plain'), at('sealed'), { privateKey });
        expect(modeOf('sealed')).toBe((input & before).toString(8));
        chmodSync(at('sealed'), input);
        put('opened', bytesOf(3), before);
        await decryptFile(at('sealed'), at('opened'), { publicKey });
        expect(modeOf('opened')).toBe((input & before).toString(8));
      }
    }
  });

  it('does not carry over set-user-id', async () => {
    put('plain', bytesOf(10), 0o4755);
    await encryptFile(at('plain'), at('sealed'), { privateKey });
    expect(modeOf('sealed')).toBe('755');
  });
});

describe('links', () => {
  it('as the output are followed and kept', async () => {
    const plain = bytesOf(5000);
    put('plain', plain);
    mkdirSync(at('elsewhere'));
    put('elsewhere/real', bytesOf(3), 0o600);
    symlinkSync(join('elsewhere', 'real'), at('near'));
    symlinkSync('near', at('far'));
    for (const name of ['near', 'far']) {
      await encryptFile(at('plain'), at(name), { privateKey });
      expect(lstatSync(at(name)).isSymbolicLink()).toBe(true);
      expect(lstatSync(at('elsewhere/real')).isFile()).toBe(true);
      expectBytes(await decryptBundle(get('elsewhere/real'), { publicKey }), plain);
      expect(modeOf('elsewhere/real')).toBe('600');
    }
    expect(readlinkSync(at('near'))).toBe(join('elsewhere', 'real'));
    expect(readdirSync(at('elsewhere'))).toEqual(['real']);
  });

  it('as the input are followed', async () => {
    const plain = bytesOf(5000);
    put('plain', plain, 0o640);
    symlinkSync('plain', at('link'));
    await encryptFile(at('link'), at('sealed'), { privateKey });
    expect(modeOf('sealed')).toBe('640');
    expectBytes(await decryptBundle(get('sealed'), { publicKey }), plain);
    expect(await checksumFile(at('link'))).toBe(await checksum(plain));
  });

  it('in the folders of a path are followed', async () => {
    const plain = bytesOf(5000);
    put('plain', plain);
    mkdirSync(at('real'));
    symlinkSync('real', at('link'));
    await encryptFile(at('plain'), join(at('link'), 'sealed'), { privateKey });
    expect(readdirSync(at('real'))).toEqual(['sealed']);
  });

  it('to nothing are refused as output, and nothing is made', async () => {
    put('plain', bytesOf(10));
    symlinkSync('nothing', at('dangling'));
    symlinkSync('circle', at('circle'));
    const before = snapshot(folder);
    for (const name of ['dangling', 'circle']) {
      const work = encryptFile(at('plain'), at(name), { privateKey });
      const error = await rejection(work, 'ERR_FILE');
      expect(error.path).toBe(at(name));
      await rejection(encryptFile(at(name), at('out'), { privateKey }), 'ERR_FILE');
    }
    expect(snapshot(folder)).toEqual(before);
  });

  it('or other spellings of the input are refused as output', async () => {
    await encryptFile(put('plain', bytesOf(5000)), at('sealed'), { privateKey });
    for (const name of ['plain', 'sealed']) {
      symlinkSync(name, at(`${name}-link`));
      symlinkSync(`${name}-link`, at(`${name}-link-link`));
      linkSync(at(name), at(`${name}-hard`));
    }
    symlinkSync('.', at('folder'));
    const before = snapshot(folder);
    const refused = async (input: string, output: string) => {
      const work = input.includes('plain')
        ? encryptFile(input, output, { privateKey })
        : decryptFile(input, output, { publicKey });
      const error = await rejection(work, 'ERR_FILE');
      expect(error.path).toBe(output);
      expect(error.message).toContain('another');
      expect(snapshot(folder)).toEqual(before);
    };
    for (const name of ['plain', 'sealed']) {
      const ways = [
        at(name),
        `${folder}/./${name}`,
        `${folder}//${name}`,
        `${folder}/../${basename(folder)}/${name}`,
        relative(process.cwd(), at(name)),
        at(`${name}-link`),
        at(`${name}-link-link`),
        at(`${name}-hard`),
        join(at('folder'), name),
      ];
      for (const way of ways) {
        await refused(at(name), way);
        await refused(way, at(name));
      }
    }
  });
});

describe('arguments', () => {
  const call = (name: string, ...args: unknown[]) => {
    const functions: Record<string, (...args: never[]) => Promise<unknown>> = {
      encryptFile,
      decryptFile,
      checksumFile,
      fileSource,
    };
    return (functions[name] as (...args: unknown[]) => Promise<unknown>)(...args);
  };

  it('that are not paths are refused as such', async () => {
    put('plain', bytesOf(10));
    const wrong: unknown[] = [undefined, null, 7, {}, [], true, '', 'a\0b'];
    wrong.push(new URL('file:///tmp/plain'), Buffer.from(at('plain')), new Blob([]));
    for (const path of wrong) {
      for (const [name, ...args] of [
        ['encryptFile', path, at('out'), { privateKey }],
        ['encryptFile', at('plain'), path, { privateKey }],
        ['decryptFile', path, at('out'), { publicKey }],
        ['decryptFile', at('plain'), path, { publicKey }],
        ['checksumFile', path],
        ['fileSource', path],
      ] as const) {
        await expect(call(name, ...args), `${name} ${String(path)}`).rejects.toBeInstanceOf(
          TypeError,
        );
      }
    }
    expect(readdirSync(folder)).toEqual(['plain']);
  });

  it('that are unknown options are refused by name before a file is opened', async () => {
    const nothing = at('nothing');
    const wrong: [string, unknown, RegExp][] = [
      ['encryptFile', undefined, /options object/],
      ['encryptFile', null, /options object/],
      ['encryptFile', 'key', /options object/],
      ['encryptFile', { privateKey, chunksize: 4096 }, /"chunksize"/],
      ['encryptFile', { privateKey, publicKey }, /"publicKey"/],
      ['encryptFile', { privateKey, signal: 7 }, /signal/],
      ['encryptFile', { privateKey, onProgress: {} }, /onProgress/],
      ['encryptFile', { privateKey, backend: 7 }, /backend/],
      ['encryptFile', { privateKey, detached: 1 }, /detached/],
      ['encryptFile', { privateKey, detached: 'false' }, /detached/],
      ['encryptFile', { privateKey, metadata: 'x' }, /metadata/],
      ['encryptFile', { privateKey: 7 }, /privateKey/],
      ['decryptFile', undefined, /options object/],
      ['decryptFile', { publicKey, expected: {} }, /"expected"/],
      ['decryptFile', { publicKey, expect: { sequence: 1 } }, /"sequence"/],
      ['decryptFile', { publicKey, detached: true }, /"detached"/],
      ['decryptFile', { publicKey, onProgress: 1 }, /onProgress/],
      ['checksumFile', null, /options object/],
      ['checksumFile', { privateKey }, /"privateKey"/],
      ['checksumFile', { signal: 'x' }, /signal/],
    ];
    for (const [name, options, says] of wrong) {
      const args = name === 'checksumFile' ? [nothing, options] : [nothing, at('out'), options];
      const error = await call(name, ...args).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error, `${name}, ${says}`).toBeInstanceOf(TypeError);
      expect((error as Error).message).toMatch(says);
    }
    for (const chunkSize of [0, 4095, 5000, 2 ** 25, Number.NaN, '4096']) {
      const work = call('encryptFile', nothing, at('out'), { privateKey, chunkSize });
      await expect(work).rejects.toBeInstanceOf(RangeError);
    }
    const work = call('decryptFile', nothing, at('out'), { publicKey, maxChunks: 0 });
    await expect(work).rejects.toBeInstanceOf(RangeError);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that are not a key or a seal are refused, and nothing is written', async () => {
    const { bytes } = await encryptBundle(bytesOf(10), { privateKey });
    put('sealed', bytes);
    for (const options of [{}, { publicKey: [] }, { publicKey: 7 }, { publicKey, seal: 7 }]) {
      const work = call('decryptFile', at('sealed'), at('out'), options);
      await expect(work).rejects.toBeInstanceOf(TypeError);
    }
    expect(readdirSync(folder)).toEqual(['sealed']);
  });

  it('that name a missing backend are refused', async () => {
    put('plain', bytesOf(10));
    for (const [name, ...args] of [
      ['encryptFile', at('plain'), at('out'), { privateKey, backend: 'quantum' }],
      ['decryptFile', at('plain'), at('out'), { publicKey, backend: 'quantum' }],
      ['checksumFile', at('plain'), { backend: 'quantum' }],
    ] as const) {
      await expect(call(name, ...args)).rejects.toBeInstanceOf(Error);
    }
    expect(readdirSync(folder)).toEqual(['plain']);
  });
});

describe('the checksum of a file', () => {
  it.each([0, 1, 262_143, 262_144, 262_145, 3_000_000])('of %i bytes', async (size) => {
    const bytes = bytesOf(size);
    put('plain', bytes);
    for (const backend of BACKENDS) {
      expect(await checksumFile(at('plain'), { backend })).toBe(await checksum(bytes));
    }
    expect(await checksumFile(at('plain'))).toBe(await checksum(bytes));
  });

  it('can be aborted, before and half-way', async () => {
    const reason = new Error('enough');
    put('plain', bytesOf(3_000_000));
    const signal = AbortSignal.abort(reason);
    await expect(checksumFile(at('plain'), { signal })).rejects.toBe(reason);
    const controller = new AbortController();
    const onProgress = () => controller.abort(reason);
    const work = checksumFile(at('plain'), { signal: controller.signal, onProgress });
    await expect(work).rejects.toBe(reason);
  });

  it('names the file that could not be read', async () => {
    for (const path of [at('nothing'), folder, join(at('nothing'), 'x')]) {
      const error = await rejection(checksumFile(path), 'ERR_FILE');
      expect(error.path).toBe(path);
    }
  });
});

describe('a file as a source', () => {
  const plain = bytesOf(100_000);

  it('has a size and gives any range', async () => {
    const source = await fileSource(put('plain', plain));
    expect(source.size).toBe(plain.length);
    for (const [offset, length] of [
      [0, 0],
      [0, 1],
      [0, plain.length],
      [99_999, 1],
      [100_000, 0],
      [12_345, 6789],
    ] as const) {
      const bytes = await source.read(offset, length);
      expectBytes(bytes, plain.slice(offset, offset + length));
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    }
    const many = await Promise.all(Array.from({ length: 50 }, (_, i) => source.read(i * 1999, 50)));
    expect(many).toEqual(many.map((_, i) => plain.slice(i * 1999, i * 1999 + 50)));
    await source.close();
  });

  it('gives memory that is not written again', async () => {
    const source = await fileSource(put('plain', plain));
    const first = await source.read(0, 100);
    const kept = first.slice();
    await source.read(100, 100);
    expect(first).toEqual(kept);
    first.fill(0);
    expectBytes(await source.read(0, 100), kept);
    await source.close();
  });

  it('refuses a range outside of it', async () => {
    const source = await fileSource(put('plain', plain));
    for (const [offset, length] of [
      [0, 100_001],
      [100_000, 1],
      [100_001, 0],
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, 1.5],
      [Number.NaN, 1],
      [0, Number.POSITIVE_INFINITY],
      [2 ** 53, 0],
      ['0', 1],
      [0, undefined],
    ] as [number, number][]) {
      await expect(source.read(offset, length)).rejects.toBeInstanceOf(RangeError);
    }
    await source.close();
  });

  it('is closed only once', async () => {
    put('plain', plain);
    const source = await fileSource(at('plain'));
    expect(openIn(folder).length).toBe(process.platform === 'linux' ? 1 : 0);
    await Promise.all([source.close(), source.close()]);
    await source.close();
    expect(openIn(folder)).toEqual([]);
    await expect(source.read(0, 10)).rejects.toBeInstanceOf(Error);
    const other = await fileSource(at('plain'));
    // Who opens another file meanwhile does not have it closed by a second close().
    await source.close();
    await source[Symbol.asyncDispose]();
    expectBytes(await other.read(0, 10), plain.slice(0, 10));
    await other[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    expect(openIn(folder)).toEqual([]);
  });

  it('is closed after the reads in progress, and never returns bytes of another file', async () => {
    put('plain', plain);
    put('other', new Uint8Array(100_000));
    const source = await fileSource(at('plain'));
    const slow = { before: (name: string) => (/read$/.test(name) ? sleep(20) : undefined) };
    await onFileSystem(slow, async () => {
      const reads = Promise.allSettled([source.read(0, 4000), source.read(50_000, 4000)]);
      const closed = source.close();
      // Takes the number of the file if that is closed by now.
      const others = await Promise.all([1, 2, 3].map(() => fileSource(at('other'))));
      const [first, second] = await reads;
      await closed;
      for (const other of others) await other.close();
      expect(first).toEqual({ status: 'fulfilled', value: plain.slice(0, 4000) });
      expect(second).toEqual({ status: 'fulfilled', value: plain.slice(50_000, 54_000) });
    });
  });

  it('rejects with the reason of a signal', async () => {
    const source = await fileSource(put('plain', plain));
    const reason = new Error('enough');
    await expect(source.read(0, 10, AbortSignal.abort(reason))).rejects.toBe(reason);
    const { signal } = new AbortController();
    await source.read(0, 10, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await source.close();
  });

  it('can be used to read a bundle', async () => {
    const sealed = await encryptBundle(plain, { privateKey, chunkSize: CHUNK });
    const source = await fileSource(put('sealed', sealed.bytes));
    const reader = await openBundle(source, { publicKey });
    expect(reader.info.checksum).toBe(sealed.checksum);
    expectBytes(await reader.read(0, plain.length), plain);
    expectBytes(await reader.read(50_000, 10), plain.slice(50_000, 50_010));
    const stream = new Response(reader.stream(1, 99_000));
    expectBytes(new Uint8Array(await stream.arrayBuffer()), plain.slice(1, 99_001));
    reader.close();
    // Still open: it is the caller's.
    expectBytes(await source.read(0, 4), sealed.bytes.slice(0, 4));
    await source.close();

    const body = await fileSource(put('body', sealed.ciphertext));
    const apart = await openBundle(body, { publicKey, seal: sealed.seal });
    expectBytes(await apart.read(0, plain.length), plain);
    apart.close();
    await body.close();
  });

  it('is refused by the functions in memory', async () => {
    const source = await fileSource(put('plain', plain));
    const work = decryptBundle(source as unknown as BundleInput, { publicKey });
    await expect(work).rejects.toBeInstanceOf(TypeError);
    await source.close();
  });

  it('that becomes shorter while it is open fails by name, and in a reader too', async () => {
    const { bytes } = await encryptBundle(plain, { privateKey, chunkSize: CHUNK });
    const source = await fileSource(put('sealed', bytes));
    const reader = await openBundle(source, { publicKey });
    truncateSync(at('sealed'), 50_000);
    const codes = ['ERR_FILE', 'ERR_SOURCE_FAILED'];
    for (const work of [
      () => source.read(49_999, 2),
      () => source.read(60_000, 1),
      () => reader.read(80_000, 10),
    ]) {
      const error = await work().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(codes).toContain((error as { code?: string } | undefined)?.code);
    }
    expectBytes(await source.read(0, 50_000), bytes.slice(0, 50_000));
    reader.close();
    await source.close();
  });

  it('that is missing, a folder or no regular file is refused by its path', async () => {
    const paths = [at('nothing'), folder];
    if (process.platform !== 'win32') paths.push('/dev/null');
    for (const path of paths) {
      const error = await rejection(fileSource(path), 'ERR_FILE');
      expect(error.path).toBe(path);
      expect(error.message).toContain(JSON.stringify(path));
    }
  });
});

describe('a file that changes while it is being sealed', () => {
  const plain = bytesOf(6 * 2 ** 20);
  const long = new Date('2020-01-01');

  it.each([
    ['grows', () => appendFileSync(at('plain'), 'x')],
    ['shrinks by a byte', () => truncateSync(at('plain'), plain.length - 1)],
    ['shrinks to nothing', () => truncateSync(at('plain'), 0)],
    ['is written in place', () => writeFileSync(at('plain'), 'x', { flag: 'r+' })],
  ] as const)('and %s is refused, and nothing is written', async (_, change) => {
    put('plain', plain);
    utimesSync(at('plain'), long, long);
    put('sealed', bytesOf(3));
    let changed = false;
    const onProgress = () => {
      if (!changed) change();
      changed = true;
    };
    for (const detached of [false, true]) {
      changed = false;
      const options = { privateKey, chunkSize: 65_536, detached, onProgress };
      const error = await encryptFile(at('plain'), at('sealed'), options).then(
        () => undefined,
        (thrown: unknown) => thrown as Error & { code?: string; path?: string },
      );
      expect(changed).toBe(true);
      expect(['ERR_FILE', 'ERR_SOURCE_FAILED']).toContain(error?.code);
      expect(error?.path).toBe(at('plain'));
      expectBytes(get('sealed'), bytesOf(3));
      expect(readdirSync(folder).sort()).toEqual(['plain', 'sealed']);
      put('plain', plain);
      utimesSync(at('plain'), long, long);
    }
  });

  it('is sealed unchanged if another file takes its name', async () => {
    put('plain', plain);
    const onProgress = () => {
      rmSync(at('plain'), { force: true });
    };
    await encryptFile(at('plain'), at('sealed'), { privateKey, onProgress });
    expect(equal(await decryptBundle(get('sealed'), { publicKey }), plain)).toBe(true);
  });

  it('or opened gives the signed bundle or an error', async () => {
    const { bytes } = await encryptBundle(plain, { privateKey, chunkSize: 65_536 });
    for (const change of [
      () => truncateSync(at('sealed'), 100_000),
      () => writeFileSync(at('sealed'), new Uint8Array(bytes.length), { flag: 'r+' }),
      () => appendFileSync(at('sealed'), 'x'),
    ]) {
      put('sealed', bytes);
      put('opened', bytesOf(3));
      let changed = false;
      const onProgress = () => {
        if (!changed) change();
        changed = true;
      };
      const outcome = await decryptFile(at('sealed'), at('opened'), { publicKey, onProgress }).then(
        () => 'opened',
        (thrown: { code?: string }) => thrown.code,
      );
      const expected = outcome === 'opened' ? plain : bytesOf(3);
      expect(equal(get('opened'), expected)).toBe(true);
      const outcomes = ['opened', 'ERR_FILE', 'ERR_SOURCE_FAILED', 'ERR_CHUNK_INVALID'];
      expect(outcomes).toContain(outcome);
    }
  });
});

describe('a large file', () => {
  const LARGE = 70 * 2 ** 20 + 12_345;
  const large = bytesOf(LARGE);

  it('is sealed and opened with a second thread at work, as in memory', async () => {
    withoutChance();
    const asked = vi.spyOn(process, 'getBuiltinModule');
    const threads = () => asked.mock.calls.flat().includes('node:worker_threads');
    put('plain', large);
    const options = { privateKey, chunkSize: 524_288 };
    const made = await encryptFile(at('plain'), at('sealed'), options);
    expect(threads()).toBe(true);
    const memory = await encryptBundle(large, options);
    expect(made.checksum).toBe(memory.checksum);
    expect(made.seal).toBe(memory.seal);
    expect(equal(readFileSync(at('sealed')), memory.bytes)).toBe(true);
    await decryptFile(at('sealed'), at('opened'), { publicKey });
    expect(equal(readFileSync(at('opened')), large)).toBe(true);
  });

  it('is processed on one thread if no other can start', async () => {
    put('plain', large);
    const real = process.getBuiltinModule;
    let tried = 0;
    class Refused {
      constructor() {
        tried++;
        throw new Error('ERR_WORKER_INIT_FAILED');
      }
    }
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(((id: string) =>
      id === 'node:worker_threads' ? { Worker: Refused } : real(id as never)) as typeof real);
    // Of another chunk size than the test before, so that no idle thread is at hand.
    await encryptFile(at('plain'), at('sealed'), { privateKey, chunkSize: 131_072 });
    await decryptFile(at('sealed'), at('opened'), { publicKey });
    expect(tried).toBe(2);
    expect(equal(readFileSync(at('opened')), large)).toBe(true);
  });

  it('with an altered chunk is refused by its index, and the previous file does not change', async () => {
    put('plain', large);
    put('opened', bytesOf(3));
    await encryptFile(at('plain'), at('sealed'), { privateKey, chunkSize: 524_288 });
    const { headerLength, chunkCount } = inspectBundle(get('sealed'));
    for (const chunk of [0, 70, chunkCount - 1]) {
      const place = headerLength + chunk * (524_288 + 16) + 100;
      flipBit(at('sealed'), place);
      const work = decryptFile(at('sealed'), at('opened'), { publicKey });
      const error = await rejection(work, 'ERR_CHUNK_INVALID');
      expect(error.chunkIndex).toBe(chunk);
      expectBytes(get('opened'), bytesOf(3));
      expect(temporaries(folder)).toEqual([]);
      flipBit(at('sealed'), place);
    }
  });

  it('can be aborted half-way without affecting the next one', async () => {
    put('plain', large);
    const reason = new Error('enough');
    for (let i = 0; i < 3; i++) {
      const controller = new AbortController();
      const onProgress = ({ done, total }: Progress) => {
        if (done > (total * i) / 3) controller.abort(reason);
      };
      const options = { privateKey, signal: controller.signal, onProgress };
      await expect(encryptFile(at('plain'), at('sealed'), options)).rejects.toBe(reason);
      expect(readdirSync(folder)).toEqual(['plain']);
      expect(openIn(folder)).toEqual([]);
    }
    await encryptFile(at('plain'), at('sealed'), { privateKey });
    await decryptFile(at('sealed'), at('opened'), { publicKey });
    expect(equal(readFileSync(at('opened')), large)).toBe(true);
  });

  it('starts no thread when it is small', async () => {
    const asked = vi.spyOn(process, 'getBuiltinModule');
    put('plain', large.subarray(0, 20 * 2 ** 20));
    // Of yet another chunk size.
    await encryptFile(at('plain'), at('sealed'), { privateKey, chunkSize: 2 ** 20 });
    await decryptFile(at('sealed'), at('opened'), { publicKey });
    await checksumFile(at('opened'));
    expect(asked.mock.calls.flat()).not.toContain('node:worker_threads');
  });
});

function flipBit(path: string, place: number): void {
  const bytes = readFileSync(path);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

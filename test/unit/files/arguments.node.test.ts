// The arguments of calls from file to file, and the checksum of a file.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checksum, encryptBundle } from '../../../src/index.ts';
import { checksumFile, decryptFile, encryptFile, fileSource } from '../../../src/node.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;

const publicKey = keyB.spki;

const { here, at, put } = useFolder();

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
    expect(readdirSync(here())).toEqual(['plain']);
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
    expect(readdirSync(here())).toEqual([]);
  });

  it('that are not a key or a seal are refused, and nothing is written', async () => {
    const { bytes } = await encryptBundle(bytesOf(10), { privateKey });
    put('sealed', bytes);
    for (const options of [{}, { publicKey: [] }, { publicKey: 7 }, { publicKey, seal: 7 }]) {
      const work = call('decryptFile', at('sealed'), at('out'), options);
      await expect(work).rejects.toBeInstanceOf(TypeError);
    }
    expect(readdirSync(here())).toEqual(['sealed']);
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
    expect(readdirSync(here())).toEqual(['plain']);
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
    for (const path of [at('nothing'), here(), join(at('nothing'), 'x')]) {
      const error = await rejection(checksumFile(path), 'ERR_FILE');
      expect(error.path).toBe(path);
    }
  });
});

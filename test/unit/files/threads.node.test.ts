// The second thread at work on a large file.
// @vitest-environment-options { "own": "file-threads" }

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { encryptBundle, inspectBundle, type Progress } from '../../../src/index.ts';
import { checksumFile, decryptFile, encryptFile } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { expectBytes, withoutChance } from '../../support/file-bytes.ts';
import { openIn, temporaries } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;

const publicKey = keyB.spki;

const { here, at, put, get } = useFolder();

afterEach(() => void vi.restoreAllMocks());

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
    expectBytes(readFileSync(at('sealed')), memory.bytes);
    await decryptFile(at('sealed'), at('opened'), { publicKey });
    expectBytes(readFileSync(at('opened')), large);
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
    expectBytes(readFileSync(at('opened')), large);
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
      expect(temporaries(here())).toEqual([]);
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
      expect(readdirSync(here())).toEqual(['plain']);
      expect(openIn(here())).toEqual([]);
    }
    await encryptFile(at('plain'), at('sealed'), { privateKey });
    await decryptFile(at('sealed'), at('opened'), { publicKey });
    expectBytes(readFileSync(at('opened')), large);
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

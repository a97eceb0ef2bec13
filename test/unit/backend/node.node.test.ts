// What only Node has: pooled Buffers, and the second thread for large bundles.
// @vitest-environment-options { "own": "node" }

import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { inlineWorkers } from '../../../build/inline-worker.js';
import { nodeBackend } from '../../../src/backend/node.ts';
import { selectBackend } from '../../../src/backend/select.ts';
import { sealBundle } from '../../../src/bundle/encrypt.ts';
import { checksum, decryptBundle, encryptBundle, inspectBundle } from '../../../src/index.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import { openInput } from '../../../src/sources/input.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { withStandIns } from '../../support/stand-in-thread.ts';
import { watchThreads } from '../../support/threads.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
// From 32 MiB on, a second thread helps.
const LARGE = 33 * 2 ** 20 + 12_345;
const large = bytesOf(LARGE);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a pooled Buffer', () => {
  it('is sealed and opened, and the memory around it is neither read nor changed', async () => {
    const buffer = Buffer.from(bytesOf(100));
    expect(buffer.buffer.byteLength).toBeGreaterThan(buffer.length);
    const around = Buffer.from(buffer.buffer).toString('hex');
    const sealed = await encryptBundle(buffer, { privateKey });
    expect(sealed.checksum).toBe(createHash('sha256').update(buffer).digest('hex'));
    expect(Buffer.from(buffer.buffer).toString('hex')).toBe(around);
    const opened = await decryptBundle(Buffer.from(sealed.bytes), { publicKey });
    expect(opened).toEqual(Uint8Array.from(buffer));
    // A plain Uint8Array on every backend: a Buffer's slice would be a view.
    expect(Object.getPrototypeOf(opened)).toBe(Uint8Array.prototype);
    expect(inspectBundle(Buffer.from(sealed.bytes)).keyId).toBe(keyB.keyId);
  });

  it('reads the same key as the file that it holds', async () => {
    const { bytes } = await encryptBundle(new Uint8Array(3), {
      privateKey: Buffer.from(privateKey),
    });
    expect(await decryptBundle(bytes, { publicKey: Buffer.from(publicKey) })).toEqual(
      new Uint8Array(3),
    );
  });
});

/** The body and digests as anyone would make them from the specification. */
function sealByHand(bundle: Uint8Array, sessionKey: Uint8Array, chunkSize: number): string {
  const hash = createHash('sha256');
  const count = Math.ceil(bundle.length / chunkSize);
  for (let i = 0; i < count; i++) {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(i, 7);
    nonce[11] = i === count - 1 ? 1 : 0;
    const cipher = createCipheriv('aes-256-gcm', sessionKey, nonce);
    hash.update(cipher.update(bundle.subarray(i * chunkSize, (i + 1) * chunkSize)));
    hash.update(cipher.final());
    hash.update(cipher.getAuthTag());
  }
  return hash.digest('hex');
}

const sealLarge = async (chunkSize: number, sessionKey: Uint8Array) => {
  const key = parsePrivateKey(privateKey);
  return sealBundle(openInput(large, 'bundle'), {
    backend: await selectBackend('node'),
    key: { privateKey: key, publicKey: key },
    metadata: new Uint8Array(0),
    sessionKey,
    chunkSize,
  });
};

describe('a large bundle', () => {
  it.each([65_536, 262_144, 1_048_576])(
    'in chunks of %i is the same bytes with the thread as without, and opens',
    async (chunkSize) => {
      const sessionKey = bytesOf(32);
      const sealed = await sealLarge(chunkSize, sessionKey);
      const digest = createHash('sha256').update(sealed.ciphertext).digest('hex');
      expect(digest).toBe(sealByHand(large, sessionKey, chunkSize));
      expect(sealed.checksum).toBe(await checksum(large));
      const opened = await decryptBundle(sealed.bytes, { publicKey });
      expect(Buffer.compare(opened, large)).toBe(0);
    },
  );

  it('leaves chunks to the thread', async () => {
    const crypto = process.getBuiltinModule('node:crypto');
    const here = {
      encryptBundle: vi.spyOn(crypto, 'createCipheriv'),
      decryptBundle: vi.spyOn(crypto, 'createDecipheriv'),
    };
    const chunkSize = 65_536;
    const { bytes } = await encryptBundle(large, { privateKey, chunkSize });
    const calls = {
      encryptBundle: () => encryptBundle(large, { privateKey, chunkSize }),
      decryptBundle: () => decryptBundle(bytes, { publicKey }),
    };
    const chunks = Math.ceil(LARGE / chunkSize);
    for (const name of ['encryptBundle', 'decryptBundle'] as const) {
      let done = chunks;
      // A bundle may be through before the thread has started.
      for (let i = 0; i < 500 && done === chunks; i++) {
        here[name].mockClear();
        await calls[name]();
        done = here[name].mock.calls.length;
      }
      expect(done).toBeLessThan(chunks);
    }
  });

  it('has chunks decrypted on the thread also without a place for their plain bytes', async () => {
    const [key, nonce, chunk] = [bytesOf(32), new Uint8Array(12), bytesOf(65_536)];
    const sealed = new Uint8Array(chunk.length + 16);
    const sealing = await nodeBackend.createCipher('encrypt', key, sealed.length, chunk.length);
    const digest = await sealing.encrypt(nonce, chunk, sealed);
    sealing.close();
    const here = vi.spyOn(process.getBuiltinModule('node:crypto'), 'createDecipheriv');
    const cipher = await nodeBackend.createCipher('decrypt', key, LARGE, chunk.length);
    const count = 8;
    let done = count;
    // The first chunks may be through before the thread has started.
    for (let i = 0; i < 20_000 && done === count; i++) {
      here.mockClear();
      const opening = Array.from({ length: count }, () =>
        cipher.decrypt(nonce, sealed, digest, undefined),
      );
      for (const plain of await Promise.all(opening)) expect(plain).toEqual(chunk);
      done = here.mock.calls.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    cipher.close();
    expect(done).toBeLessThan(count);
  });

  it('takes little memory if the work is done on this thread', async () => {
    // Longer chunks than the thread takes.
    const { bytes } = await encryptBundle(large, { privateKey, chunkSize: 2 ** 21 });
    let most = 0;
    const onProgress = () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    };
    const before = process.memoryUsage().arrayBuffers;
    const opened = await decryptBundle(bytes, { publicKey, onProgress });
    expect(most - before - opened.length).toBeLessThan(8 * 2 ** 20);
  });

  it('is one of several, one after the other and at once', async () => {
    const sealed = await Promise.all([1, 2, 3].map(() => encryptBundle(large, { privateKey })));
    for (const { bytes } of sealed) {
      expect(Buffer.compare(await decryptBundle(bytes, { publicKey }), large)).toBe(0);
    }
  });

  it('is refused by the index of the chunk that is altered', async () => {
    const { bytes } = await encryptBundle(large, { privateKey });
    const { headerLength } = inspectBundle(bytes);
    const last = Math.ceil(LARGE / 262_144) - 1;
    for (const chunk of [0, 1, last >> 1, last - 1, last]) {
      const at = headerLength + chunk * 262_160 + 100;
      const byte = bytes[at] as number;
      bytes[at] = byte ^ 1;
      const error = await rejection(decryptBundle(bytes, { publicKey }), 'ERR_CHUNK_INVALID');
      expect(error.chunkIndex).toBe(chunk);
      bytes[at] = byte;
    }
  });

  it('can be aborted half-way without affecting the next one', async () => {
    const reason = new Error('enough');
    for (let i = 0; i < 5; i++) {
      const controller = new AbortController();
      const onProgress = ({ done, total }: { done: number; total: number }) => {
        if (done > (total * i) / 5) controller.abort(reason);
      };
      const options = { signal: controller.signal, onProgress };
      await expect(encryptBundle(large, { privateKey, ...options })).rejects.toBe(reason);
    }
    const { bytes } = await encryptBundle(large, { privateKey });
    expect(Buffer.compare(await decryptBundle(bytes, { publicKey }), large)).toBe(0);
  });

  it('is processed on one thread if no other can start', async () => {
    // Of another chunk size than the tests before, so that no idle thread is at hand.
    const real = process.getBuiltinModule;
    const asked: string[] = [];
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(((id: string) => {
      asked.push(id);
      return id === 'node:worker_threads' ? undefined : real(id);
    }) as typeof real);
    const { bytes } = await encryptBundle(large, { privateKey, chunkSize: 131_072 });
    expect(asked).toContain('node:worker_threads');
    expect(Buffer.compare(await decryptBundle(bytes, { publicKey }), large)).toBe(0);
  });

  it('is finished on this thread if the other one dies in the middle', async () => {
    const threads = watchThreads();
    let killed = false;
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      if (done > total / 3 && !killed) {
        killed = true;
        void threads[0]?.terminate();
      }
    };
    const sealed = await encryptBundle(large, { privateKey, chunkSize: 524_288, onProgress });
    expect(killed).toBe(true);
    expect(threads.length).toBe(1);
    expect(Buffer.compare(await decryptBundle(sealed.bytes, { publicKey }), large)).toBe(0);
  });

  it('of small chunks, or a smaller one, starts no thread', async () => {
    const asked = vi.spyOn(process, 'getBuiltinModule');
    await encryptBundle(large, { privateKey, chunkSize: 4096 });
    await encryptBundle(large.subarray(0, 31 * 2 ** 20), { privateKey, chunkSize: 2 ** 21 });
    expect(asked.mock.calls.flat()).not.toContain('node:worker_threads');
  });
});

describe('memory that node:crypto answered in', () => {
  const { transfer } = ArrayBuffer.prototype as { transfer?: unknown };
  const setTransfer = (value: unknown) => {
    vi.resetModules();
    if (value === undefined) delete (ArrayBuffer.prototype as { transfer?: unknown }).transfer;
    else {
      const property = { value, configurable: true, writable: true };
      Object.defineProperty(ArrayBuffer.prototype, 'transfer', property);
    }
    return import('../../../src/backend/node-slices.ts');
  };

  afterEach(async () => {
    vi.unstubAllGlobals();
    await setTransfer(transfer);
  });

  it('is freed by ArrayBuffer.prototype.transfer', async () => {
    const fake = vi.fn();
    const { release, openDrain } = await setTransfer(fake);
    const answer = new Uint8Array(10);
    release(answer);
    expect(fake.mock.contexts).toEqual([answer.buffer]);
    expect(fake.mock.calls).toEqual([[0]]);
    expect(openDrain()).toBeUndefined();
  });

  it('is freed through a closed port if that call is missing', async () => {
    const { release } = await setTransfer(undefined);
    const isFreed = () => {
      const answer = new Uint8Array(10);
      release(answer);
      return answer.byteLength === 0;
    };
    // The port queues messages until this thread yields, so the sender does not send everything.
    expect(Array.from({ length: 200 }, isFreed).filter((freed) => freed)).toHaveLength(128);
    await expect.poll(isFreed).toBe(true);
    expect(Array.from({ length: 200 }, isFreed)).not.toContain(false);
  });

  it('makes room of 16 MiB for the next, once and for large bundles only', async () => {
    const fake = vi.fn();
    await setTransfer(fake);
    const { nodeBackend: fresh } = await import('../../../src/backend/node.ts');
    const lengths = () => (fake.mock.contexts as ArrayBuffer[]).map(({ byteLength }) => byteLength);
    const open = async (size: number) => {
      (await fresh.createCipher('encrypt', bytesOf(32), size, 4096)).close();
    };
    await open(32 * 2 ** 20 - 1);
    expect(lengths()).toEqual([]);
    await open(32 * 2 ** 20);
    expect(lengths()).toEqual([16 * 2 ** 20]);
    await open(33 * 2 ** 20);
    expect(lengths()).toEqual([16 * 2 ** 20]);
  });

  it.each([
    ['without a port', vi.fn(), 1],
    ['through a port of its own', undefined, 2],
  ])('is freed on the second thread %s', async (_, value, ports) => {
    await setTransfer(value);
    const { borrowThread } = await import('../../../src/backend/node-thread.ts');
    const threads = withStandIns(2);
    borrowThread(bytesOf(32), 65_536)?.giveBack();
    expect(threads[0]?.options.transferList).toHaveLength(ports);
    threads[0]?.emit('exit');
    borrowThread(bytesOf(32), 0);
  });

  it('is freed after each slice of a chunk', async () => {
    const fake = vi.fn();
    await setTransfer(fake);
    const { nodeBackend: fresh } = await import('../../../src/backend/node.ts');
    const [key, nonce, sealed] = [bytesOf(32), new Uint8Array(12), new Uint8Array(140_016)];
    const lengths = () => (fake.mock.contexts as ArrayBuffer[]).map(({ byteLength }) => byteLength);
    const sealing = await fresh.createCipher('encrypt', key, 140_000, 262_144);
    const digest = await sealing.encrypt(nonce, bytesOf(140_000), sealed);
    expect(lengths()).toEqual([66_560, 66_560, 6880]);
    const opening = await fresh.createCipher('decrypt', key, 140_000, 262_144);
    expect(await opening.decrypt(nonce, sealed, digest, undefined)).toEqual(bytesOf(140_000));
    expect(lengths()).toEqual([66_560, 66_560, 6880, 66_560, 66_560, 6880]);
  });

  it('is left to V8 if there are no ports either', async () => {
    const { release } = await setTransfer(undefined);
    vi.stubGlobal('MessageChannel', undefined);
    const answer = new Uint8Array(10);
    release(answer);
    expect(answer.byteLength).toBe(10);
  });

  it.each([['by transfer'], ['through a port']])(
    'is not freed if other bytes share it, %s',
    async (way) => {
      const fake = vi.fn();
      const { release } = await setTransfer(way === 'by transfer' ? fake : undefined);
      const memory = new Uint8Array(10);
      release(memory.subarray(0, 9));
      release(memory.subarray(1));
      expect(memory.byteLength).toBe(10);
      expect(fake).not.toHaveBeenCalled();
    },
  );
});

describe('the built package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundleseal-'));
  const run = (code: string, ...flags: string[]) =>
    execFileSync(process.execPath, [...flags, '--input-type=module', '-e', code], {
      cwd: folder,
      encoding: 'utf8',
    });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(() =>
    build({
      entryPoints: ['src/index.ts'],
      bundle: true,
      splitting: true,
      format: 'esm',
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      chunkNames: '[name]-[hash]',
      plugins: [inlineWorkers()],
      logLevel: 'error',
    }),
  );

  const job = (backend: string, length: number) => `
    import { decryptBundle, encryptBundle } from './index.mjs';
    const { bytes } = await encryptBundle(new Uint8Array(${length}), {
      privateKey: ${JSON.stringify(privateKey)}, backend: '${backend}',
    });
    await decryptBundle(bytes, { publicKey: ${JSON.stringify(publicKey)}, backend: '${backend}' });
  `;

  it.each([
    ['node', ['node']],
    ['webcrypto', ['webcrypto', 'arithmetic']],
    ['noble', ['noble', 'arithmetic']],
  ])('loads for the %s backend %j and no other', async (backend, wanted) => {
    const hook = `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(\`
        export async function load(url, context, next) {
          if (url.endsWith('.mjs')) console.log('loaded ' + url);
          return next(url, context);
        }\`));
    `;
    const hookUrl = `data:text/javascript,${encodeURIComponent(hook)}`;
    const out = run(job(backend, 10), '--import', hookUrl);
    const loaded = [...out.matchAll(/loaded .*\/([a-z]+)[^/]*\.mjs/g)].map(([, name]) => name);
    const parts = ['node', 'webcrypto', 'noble', 'arithmetic', 'primes'];
    expect(loaded).toContain('index');
    expect(parts.filter((part) => loaded.includes(part))).toEqual(
      parts.filter((part) => wanted.includes(part)),
    );
  });

  it('lets the process end as soon as a large bundle is finished', async () => {
    const start = Date.now();
    run(`${job('node', LARGE)}; process.once('exit', () => console.log('ended'))`);
    expect(Date.now() - start).toBeLessThan(30_000);
  });
});

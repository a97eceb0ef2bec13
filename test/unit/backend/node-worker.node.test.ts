// The second thread's module: its work in this thread, and its text in a thread of its own.
// @vitest-environment-options { "own": "node-worker" }

import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { MessageChannel, type MessagePort as NodePort, Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { inlineWorker, inlineWorkers } from '../../../build/inline-worker.js';
import { nobleBackend } from '../../../src/backend/noble.ts';
import {
  DECRYPT,
  DIGEST_AT,
  DONE,
  ENCRYPT,
  FIELDS_LENGTH,
  FREE,
  NONCE_AT,
  POSTED,
  REFUSED,
  SLOTS_MEMORY,
  type ThreadData,
} from '../../../src/backend/node-ring.ts';
import { openRing } from '../../../src/backend/node-worker.ts';
import THREAD_CODE from '../../../src/backend/node-worker.ts?thread';
import { toHex } from '../../../src/bytes.ts';
import { bytesOf } from '../../support/bytes.ts';
import { wipedDuring } from '../../support/wiped.ts';

const MODULE = 'src/backend/node-worker.ts';
const SLOT_COUNT = 3;
const FIELDS_AT = 256;
const KEY_AT = 128;
const DATA_AT = 4096;
// More than two slices of node-slices.
const LENGTH = 150_000;
const STRIDE = 160_000;

const key = bytesOf(32);
const nonce = Uint8Array.from({ length: 12 }, (_, i) => i);
const plain = bytesOf(LENGTH);

/** What the pure JavaScript backend makes of `plain`. */
async function expected() {
  const cipher = await nobleBackend.createCipher('encrypt', key, LENGTH, LENGTH);
  const out = new Uint8Array(LENGTH + 16);
  const digest = await cipher.encrypt(nonce, plain, out);
  return { out, digest };
}

function ring() {
  const memory = new SharedArrayBuffer(DATA_AT + SLOT_COUNT * STRIDE);
  const state = new Int32Array(memory, 0, SLOT_COUNT + 1);
  const { port1, port2 } = new MessageChannel();
  const data: ThreadData = {
    memory,
    slots: SLOT_COUNT,
    fieldsAt: FIELDS_AT,
    keyAt: KEY_AT,
    port: port2 as unknown as MessagePort,
  };
  new Uint8Array(memory, KEY_AT, 32).set(key);
  const fieldsOf = (slot: number) => FIELDS_AT + slot * FIELDS_LENGTH;
  const dataOf = (slot: number) => DATA_AT + slot * STRIDE;
  return {
    data,
    state,
    port: port1,
    input: (slot: number, length: number) => new Uint8Array(memory, dataOf(slot), length),
    digest: (slot: number) => new Uint8Array(memory, fieldsOf(slot) + DIGEST_AT, 32),
    post(slot: number, purpose: number, length: number, from = SLOTS_MEMORY, to = SLOTS_MEMORY) {
      const place = (number: number) => (number === SLOTS_MEMORY ? dataOf(slot) : 0);
      const fields = [length, purpose, from, place(from), to, place(to)];
      new Uint32Array(memory, fieldsOf(slot), 6).set(fields);
      new Uint8Array(memory, fieldsOf(slot) + NONCE_AT, 12).set(nonce);
      Atomics.store(state, slot, POSTED);
      Atomics.notify(state, slot);
    },
    close() {
      port1.close();
      (port2 as NodePort).close();
    },
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the second thread', () => {
  it('encrypts the chunk in a slot to the same bytes and digest as the other backends', async () => {
    const { data, state, input, digest, post, close } = ring();
    input(1, LENGTH).set(plain);
    post(1, ENCRYPT, LENGTH);
    openRing(data)(1);
    expect(Atomics.load(state, 1)).toBe(DONE);
    const { out, digest: wanted } = await expected();
    expect(Buffer.compare(input(1, LENGTH + 16), out)).toBe(0);
    expect(digest(1).slice()).toEqual(wanted);
    close();
  });

  it('decrypts a chunk in its slot', async () => {
    const { data, state, input, digest, post, close } = ring();
    const { out, digest: wanted } = await expected();
    input(0, out.length).set(out);
    digest(0).set(wanted);
    post(0, DECRYPT, out.length);
    openRing(data)(0);
    expect(Atomics.load(state, 0)).toBe(DONE);
    expect(Buffer.compare(input(0, LENGTH), plain)).toBe(0);
    close();
  });

  it.each([
    ['a chunk that was altered', 10, 0],
    ['a tag that was altered', LENGTH + 3, 0],
    ['a digest that was altered', 0, 1],
  ])('refuses %s and leaves no plain byte behind', async (_name, at, digestChange) => {
    const { data, state, input, digest, post, close } = ring();
    const { out, digest: wanted } = await expected();
    input(0, out.length).set(out);
    if (digestChange === 0) input(0, out.length)[at] = (out[at] as number) ^ 1;
    digest(0).set(wanted);
    digest(0)[0] = (wanted[0] as number) ^ digestChange;
    post(0, DECRYPT, out.length);
    openRing(data)(0);
    expect(Atomics.load(state, 0)).toBe(REFUSED);
    expect(input(0, LENGTH).every((byte) => byte === 0)).toBe(true);
    close();
  });

  it('wipes its copy of the session key after each chunk, also after one that it refuses', async () => {
    const { data, input, post, close } = ring();
    const serve = openRing(data);
    for (const purpose of [ENCRYPT, DECRYPT]) {
      input(0, LENGTH).set(plain);
      post(0, purpose, LENGTH);
      expect(await wipedDuring(32, () => serve(0))).toEqual([toHex(key)]);
    }
    close();
  });

  it('reads and writes other memories by their number, until it is told to forget them', async () => {
    const { data, state, port, post, close } = ring();
    const serve = openRing(data);
    const from = new SharedArrayBuffer(LENGTH);
    const to = new SharedArrayBuffer(LENGTH + 16);
    new Uint8Array(from).set(plain);
    port.postMessage({ number: 1, memory: from });
    port.postMessage({ number: 2, memory: to });
    post(0, ENCRYPT, LENGTH, 1, 2);
    serve(0);
    expect(Atomics.load(state, 0)).toBe(DONE);
    const { out } = await expected();
    expect(Buffer.compare(new Uint8Array(to), out)).toBe(0);

    const other = new SharedArrayBuffer(LENGTH + 16);
    port.postMessage({ forget: true });
    port.postMessage({ number: 3, memory: other });
    port.postMessage({ number: 1, memory: new SharedArrayBuffer(LENGTH) });
    post(1, ENCRYPT, LENGTH, 1, 3);
    // It still knows 1 and so has read no message; 3 makes it read them.
    serve(1);
    expect(Buffer.compare(new Uint8Array(other), out)).toBe(0);
    // It has forgotten the first memory with the number 1 and reads the other one, which is zeroed.
    post(2, ENCRYPT, LENGTH, 1, 3);
    serve(2);
    const cipher = await nobleBackend.createCipher('encrypt', key, LENGTH, LENGTH);
    await cipher.encrypt(nonce, new Uint8Array(LENGTH), out);
    expect(Buffer.compare(new Uint8Array(other), out)).toBe(0);
    close();
  });

  it('waits until a chunk is posted, also if it is woken before', () => {
    const { data, state, post, close } = ring();
    const waits: unknown[] = [];
    vi.spyOn(Atomics, 'wait').mockImplementation((...given) => {
      waits.push(given.slice(1));
      if (waits.length === 3) post(1, ENCRYPT, LENGTH);
      return 'ok';
    });
    openRing(data)(1);
    expect(waits).toEqual(Array.from({ length: 3 }, () => [1, FREE]));
    expect(Atomics.load(state, 1)).toBe(DONE);
    close();
  });

  it('does the chunks of all slots in turn, once it has said that it is ready', async () => {
    const { data, state, post, close } = ring();
    const drain = { postMessage: vi.fn() };
    const real = process.getBuiltinModule;
    const started = { ...real('node:worker_threads'), workerData: { ...data, drain } };
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(((id: string) =>
      id === 'node:worker_threads' ? started : real(id as never)) as typeof real);
    vi.resetModules();
    const { main } = await import('../../../src/backend/node-worker.ts');
    const waits: number[] = [];
    const end = new Error('terminated');
    vi.spyOn(Atomics, 'wait').mockImplementation((_state, slot) => {
      expect(Atomics.load(state, SLOT_COUNT)).toBe(1);
      waits.push(slot);
      if (waits.length === 6) throw end;
      post(slot, ENCRYPT, 1000);
      return 'ok';
    });
    expect(main).toThrow(end);
    expect(waits).toEqual([0, 1, 2, 0, 1, 2]);
    // One result for each of five chunks. Newer versions of Node free memory without a port.
    const freed = 'transfer' in ArrayBuffer.prototype ? 0 : 5;
    expect(drain.postMessage).toHaveBeenCalledTimes(freed);
    close();
  });

  it('runs from its text without loading other modules', async () => {
    const { data, state, input, port, post, close } = ring();
    const worker = new Worker(THREAD_CODE, {
      eval: true,
      env: {},
      execArgv: [],
      workerData: data,
      transferList: [data.port as unknown as NodePort],
    });
    const failed = new Promise((_, reject) => worker.once('error', reject));
    const started = async () => {
      while (Atomics.load(state, SLOT_COUNT) !== 1) await new Promise((go) => setTimeout(go, 2));
    };
    await Promise.race([started(), failed]);
    input(0, LENGTH).set(plain);
    post(0, ENCRYPT, LENGTH);
    while (Atomics.load(state, 0) !== DONE) await new Promise((go) => setTimeout(go, 2));
    const { out } = await expected();
    expect(Buffer.compare(input(0, LENGTH + 16), out)).toBe(0);
    await worker.terminate();
    port.close();
    close();
  });
});

describe('a module imported with ?thread', () => {
  it('is the same text in Vitest and in the build', async () => {
    const { outputFiles } = await build({
      stdin: { contents: `export { default } from './${MODULE}?thread'`, resolveDir: '.' },
      bundle: true,
      format: 'esm',
      write: false,
      plugins: [inlineWorkers()],
    });
    const code = encodeURIComponent((outputFiles[0] as { text: string }).text);
    expect((await import(/* @vite-ignore */ `data:text/javascript,${code}`)).default).toBe(
      THREAD_CODE,
    );
  });

  it('contains all its imports and no path of the build machine', async () => {
    const { text, files } = await inlineWorker(`${process.cwd()}/${MODULE}`);
    expect(files.map((file) => file.slice(process.cwd().length + 1))).toContain(
      'src/backend/node-chunk.ts',
    );
    for (const file of files) expect(() => readFileSync(file)).not.toThrow();
    expect(text).not.toMatch(/\b(import|require)\b/);
    expect(text).not.toContain(process.cwd());
    expect(text).not.toContain(tmpdir());
  });

  it('stops the build when the module has an error', async () => {
    const result = build({
      stdin: { contents: "import './src/no-such-worker.ts?thread'", resolveDir: '.' },
      bundle: true,
      write: false,
      plugins: [inlineWorkers()],
      logLevel: 'silent',
    });
    await expect(result).rejects.toThrow('no-such-worker');
  });
});

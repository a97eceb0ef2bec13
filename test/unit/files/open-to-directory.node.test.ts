// A sealed bundle as a folder, in one call.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { encryptBundle, inspectBundle } from '../../../src/index.ts';
import { parsePublicKey } from '../../../src/keys/parse.ts';
import { openToDirectory } from '../../../src/node.ts';
import { zipBundle } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { makeFolder, openIn, temporaries } from '../../support/files.ts';
import { sessionKeyOf, takeApart } from '../../support/forger.ts';
import { keyA, keyB } from '../../support/vectors.ts';
import { wipedDuring } from '../../support/wiped.ts';
import { rawZip, textOf, utf8 } from '../../support/zip.ts';

const FILES = {
  'index.html': utf8('<h1>new</h1>'),
  'assets/a.bin': bytesOf(300_000),
  'assets/large.js': textOf(3 * 2 ** 20),
  'deep/er/empty': new Uint8Array(0),
};
const metadata = { appId: 'com.example.app', sequence: 7 };
const publicKey = keyB.spki;

const root = makeFolder();
let folder: string;
let count = 0;
let sealed: Awaited<ReturnType<typeof encryptBundle>>;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  const zip = await zipBundle(FILES);
  sealed = await encryptBundle(zip, { privateKey: keyB.pkcs8, metadata, chunkSize: 4096 });
});

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(at('app'), { recursive: true });
  writeFileSync(at('app/old'), 'old');
  writeFileSync(at('app.sealed'), sealed.bytes);
  writeFileSync(at('app.body'), sealed.ciphertext);
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function expectFiles(place: string): void {
  for (const [path, bytes] of Object.entries(FILES)) {
    expect(Buffer.compare(readFileSync(join(place, path)), bytes), path).toBe(0);
  }
  expect(readdirSync(place).sort()).toEqual(['assets', 'deep', 'index.html']);
}

/** Expects the old folder unchanged and nothing else beside it. */
function expectUntouched(): void {
  expect(readdirSync(at('app'))).toEqual(['old']);
  expect(existsSync(at('new'))).toBe(false);
  expect(temporaries(folder)).toEqual([]);
  expect(openIn(folder)).toEqual([]);
}

describe('openToDirectory', () => {
  it('unpacks a sealed file and gives its verified header', async () => {
    const { info, ...rest } = await openToDirectory(at('app.sealed'), at('new'), { publicKey });
    expectFiles(at('new'));
    const size = Object.values(FILES).reduce((sum, { length }) => sum + length, 0);
    expect(rest).toEqual({ entries: 4, size });
    expect(info.metadata).toEqual(metadata);
    expect({ ...info }).toMatchObject({ keyId: inspectBundle(sealed.bytes).keyId });
    expect(openIn(folder)).toEqual([]);
  });

  it('takes bytes, a Blob, a source of the caller, and a body with its seal', async () => {
    const { bytes, seal } = sealed;
    const source = {
      size: bytes.length,
      read: async (offset: number, length: number) => bytes.slice(offset, offset + length),
    };
    for (const [i, one] of [bytes, new Blob([bytes as BlobPart]), source].entries()) {
      await openToDirectory(one, at(`of-${i}`), { publicKey: [keyA.spki, publicKey] });
      expectFiles(at(`of-${i}`));
    }
    await openToDirectory(at('app.body'), at('app'), { publicKey, seal, overwrite: true });
    expectFiles(at('app'));
    expect(statSync(at('app.body')).size).toBe(sealed.ciphertext.length);
  });

  it('reports its progress upwards and to the end', async () => {
    const seen: [done: number, total: number][] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      seen.push([done, total]);
    };
    const { size } = await openToDirectory(at('app.sealed'), at('new'), { publicKey, onProgress });
    expect(seen.at(-1)).toEqual([size, size]);
    const isUpward = seen.every(
      ([done, total], i) => total === size && done >= (seen[i - 1]?.[0] ?? 0),
    );
    expect(isUpward).toBe(true);
    expect(seen.length).toBeGreaterThan(3);
  });

  it('refuses the inputs that openBundle and unzipFile refuse, and keeps the old folder', async () => {
    const open = (options: object, from: string | Uint8Array = at('app.sealed')) =>
      openToDirectory(from, at('app'), { publicKey, overwrite: true, ...options });
    await rejection(open({ overwrite: false }), 'ERR_FILE');
    await rejection(open({ publicKey: keyA.spki }), 'ERR_KEY_MISMATCH');
    await rejection(open({ expect: { minSequence: 8 } }), 'ERR_EXPECTATION_FAILED');
    await rejection(open({ maxChunks: 2 }), 'ERR_LIMIT_EXCEEDED');
    await rejection(open({ maxEntries: 3 }), 'ERR_LIMIT_EXCEEDED');
    await rejection(open({}, at('none.sealed')), 'ERR_FILE');
    const { bytes } = await encryptBundle(rawZip([{ name: '../x', content: utf8('x') }]), {
      privateKey: keyB.pkcs8,
    });
    await rejection(open({}, bytes), 'ERR_ARCHIVE_INVALID');
    expectUntouched();
  });

  it('keeps the old folder if any chunk was altered', async () => {
    const { bytes, ciphertext } = sealed;
    const body = bytes.length - ciphertext.length;
    for (const place of [body, body + ciphertext.length / 2, bytes.length - 1].map(Math.floor)) {
      const altered = bytes.slice();
      altered[place] = (altered[place] as number) ^ 1;
      writeFileSync(at('altered.sealed'), altered);
      for (const dir of ['app', 'new']) {
        const work = openToDirectory(at('altered.sealed'), at(dir), { publicKey, overwrite: true });
        await rejection(work, 'ERR_CHUNK_INVALID');
      }
      expectUntouched();
    }
  });

  it('does not replace the folder that holds the bundle', async () => {
    writeFileSync(at('app/app.sealed'), sealed.bytes);
    const work = openToDirectory(at('app/app.sealed'), at('app'), { publicKey, overwrite: true });
    const error = await rejection(work, 'ERR_FILE');
    expect(error.message).toContain('holds the archive itself');
    expect(readdirSync(at('app')).sort()).toEqual(['app.sealed', 'old']);
  });

  it('ends with the reason of an abort, before and while it writes', async () => {
    const reason = new Error('stop');
    const before = { publicKey, signal: AbortSignal.abort(reason) };
    await expect(openToDirectory(at('app.sealed'), at('new'), before)).rejects.toBe(reason);
    const stop = new AbortController();
    const during = { publicKey, signal: stop.signal, onProgress: () => stop.abort(reason) };
    await expect(openToDirectory(at('app.sealed'), at('new'), during)).rejects.toBe(reason);
    expectUntouched();
  });

  it('ends with the reason of an abort while a source does not answer', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const { length: size } = sealed.bytes;
    const read = () => {
      setTimeout(() => controller.abort(reason), 5);
      return new Promise<never>(() => {});
    };
    const options = { publicKey, signal: controller.signal };
    await expect(openToDirectory({ size, read }, at('app'), options)).rejects.toBe(reason);
    expectUntouched();
  });

  it('wipes the session key after the work, and after an error', async () => {
    const key = sessionKeyOf(takeApart(sealed.bytes), parsePublicKey(publicKey));
    // WebCrypto keeps its copy of the key outside of JavaScript.
    const options = { publicKey, backend: 'webcrypto', overwrite: true } as const;
    const work = () => openToDirectory(at('app.sealed'), at('app'), options);
    expect(await wipedDuring(32, work)).toContain(toHex(key));
    const refused = () => openToDirectory(at('app.sealed'), at('app.body'), options);
    expect(await wipedDuring(32, refused)).toContain(toHex(key));
  });

  it('opens the bundle with the given backend', async () => {
    const open = (backend: string) =>
      openToDirectory(at('app.sealed'), at('new'), { publicKey, backend } as never);
    await expect(open('none')).rejects.toThrow('options.backend expected');
    expect((await open('noble')).entries).toBe(4);
  });

  it('refuses wrong arguments and options by name', async () => {
    const open = openToDirectory as (...args: unknown[]) => Promise<unknown>;
    for (const [args, message] of [
      [['', at('new'), { publicKey }], /sealed expected a path/],
      [[at('app.sealed'), 7, { publicKey }], /dir expected a path/],
      [[7, at('new'), { publicKey }], /source expected/],
      [[at('app.sealed'), at('new'), { publicKey, cacheSize: 1 }], /cacheSize/],
      [[at('app.sealed'), at('new'), { publicKey, overwrite: 1 }], /options.overwrite/],
      [[at('app.sealed'), at('new'), { publicKey, maxEntries: -1 }], /options.maxEntries/],
    ] as const) {
      await expect(open(...args)).rejects.toThrow(message);
    }
    expectUntouched();
  });
});

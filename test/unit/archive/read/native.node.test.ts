// The inflaters of runtimes: which ones are used, and that they find what ours finds.

import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { inflateSync } from 'fflate';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createInflater } from '../../../../src/archive/read/inflate.ts';
import { FAULTY, findNative } from '../../../../src/archive/read/native.ts';
import { fromHex } from '../../../../src/bytes.ts';
import { unzipBundle, zipBundle } from '../../../../src/zip.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { rejection } from '../../../support/errors.ts';
import { findInflaters, withInflater } from '../../../support/inflaters.ts';
import { same, textOf } from '../../../support/zip.ts';

/** The output of this library's inflater: `undefined` if it refuses the data or the output has not exactly `size` bytes. */
function byOurs(data: Uint8Array, size: number): Uint8Array | undefined {
  const { take } = createInflater('a');
  const bytes: number[] = [];
  try {
    for (let at = 0; ; ) {
      const taken = take(data.subarray(at, at + 8192));
      if (taken.used === 0 && taken.bytes.length === 0 && !taken.isEnd) return undefined;
      bytes.push(...taken.bytes);
      at += taken.used;
      if (!taken.isEnd) continue;
      return at === data.length && bytes.length === size ? Uint8Array.from(bytes) : undefined;
    }
  } catch {
    return undefined;
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** Has the runtime bring another zlib. */
function bring(other: object): void {
  const find = process.getBuiltinModule;
  const brought = { ...zlib, ...other };
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) =>
    name === 'node:zlib' ? brought : find.call(process, name)) as typeof find);
}

describe("the runtime's inflater", () => {
  it('is used on Node', async () => {
    expect(await findInflaters()).toContain('node:zlib');
  });

  it.each(FAULTY)('is not used if it accepts %s as %i bytes: %s', async (hex, size) => {
    expect(byOurs(fromHex(hex), size)).toBeUndefined();
    bring({
      inflateRawSync(data: Uint8Array, options: zlib.ZlibOptions) {
        const isFault = Buffer.from(data).toString('hex') === hex;
        const engine = { bytesWritten: data.length };
        return isFault
          ? { buffer: Buffer.alloc(size), engine }
          : zlib.inflateRawSync(data, options);
      },
    });
    expect(await findNative()).toBeUndefined();
    const zip = await zipBundle({ a: textOf(1000) });
    expect(same((await unzipBundle(zip)).get('a'), textOf(1000))).toBe(true);
  });

  it('is refused if it is as lenient as fflate, or does not report its used bytes', async () => {
    bring({
      inflateRawSync: (data: Uint8Array) => ({
        buffer: Buffer.from(inflateSync(data)),
        engine: { bytesWritten: data.length },
      }),
    });
    expect(await findNative()).toBeUndefined();
    bring({ inflateRawSync: (data: Uint8Array) => zlib.inflateRawSync(data) });
    expect(await findNative()).toBeUndefined();
  });

  it('inflates only whole files if its streams do not report the end of the data', async () => {
    bring({
      createInflateRaw: (options: zlib.ZlibOptions) =>
        Object.defineProperty(zlib.createInflateRaw(options), 'bytesWritten', {
          get: () => 0,
          set() {},
        }),
    });
    const native = await findNative();
    expect(native?.whole(fromHex('4b0400'), 1)).toEqual(Uint8Array.of(0x61));
    expect(native?.createPieces).toBeUndefined();
  });

  it('releases no byte that this library would release only after a refusal', async () => {
    const content = textOf(5000);
    const zip = await zipBundle({ a: content });
    bring({
      inflateRawSync(data: Uint8Array, options: zlib.ZlibOptions) {
        if (data.length > 100) throw new Error('refused');
        return zlib.inflateRawSync(data, options);
      },
    });
    const error = await rejection(unzipBundle(zip), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toMatch(/can not be inflated/);
  });

  it('returns memory that belongs to no other file', async () => {
    const files = { a: textOf(200), b: textOf(300), c: textOf(9000), d: textOf(3 * 2 ** 20) };
    for (const [path, bytes] of await unzipBundle(await zipBundle(files))) {
      expect(bytes.buffer.byteLength, path).toBe(bytes.length);
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    }
  });

  it('reads an archive that lies in shared memory', async () => {
    const content = textOf(50_000);
    const zip = await zipBundle({ a: content });
    const shared = new Uint8Array(new SharedArrayBuffer(zip.length));
    shared.set(zip);
    for (const name of await findInflaters()) {
      const files = await withInflater(name, () => unzipBundle(shared));
      expect(same(files.get('a'), content), name).toBe(true);
    }
  });

  it('decides about changed data like the inflater of this library', async () => {
    const native = await findNative();
    const bases = [textOf(3000), textOf(200), new Uint8Array(500), bytesOf(300)].flatMap(
      (content) =>
        [1, 6].map((level) => ({
          size: content.length,
          data: zlib.deflateRawSync(content, { level }),
        })),
    );
    const changes = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
      maxLength: 4,
    });
    const lengths = fc.constantFrom(0, 0, 0, 1, -1);
    fc.assert(
      fc.property(fc.constantFrom(...bases), changes, lengths, lengths, (base, all, cut, more) => {
        const data = new Uint8Array(base.data.length + cut);
        data.set(base.data.subarray(0, data.length));
        for (const [where, by] of all) {
          const at = Math.floor(where ** 4 * (data.length - 1));
          data[at] = (data[at] as number) ^ by;
        }
        const size = base.size + more;
        expect(native?.whole(data, size)).toEqual(byOurs(data, size));
      }),
      { numRuns: 2000 },
    );
  });
});

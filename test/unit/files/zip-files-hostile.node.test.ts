// Hostile archives and streams that end badly, unzipped into a folder: existing files stay, nothing is left behind, and
// nothing lands outside.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { decryptStream, encryptBundle } from '../../../src/index.ts';
import { unzipFile } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { keyB } from '../../support/vectors.ts';
import {
  chunked,
  join as joinBytes,
  type RawEntry,
  rawZip,
  streamOf,
  utf8,
} from '../../support/zip.ts';
import { FILES, useZipFolder } from '../../support/zip-folder.ts';

const { at, zip, untouched, refused } = useZipFolder();

describe('a hostile archive', () => {
  const good: RawEntry = { name: 'good.txt', content: utf8('good') };
  const evil = (more: Partial<RawEntry>) =>
    rawZip([good, { name: 'x', content: utf8('evil'), ...more }]);
  const link = 0o120777 * 2 ** 16;
  it.each<[string, Uint8Array, RegExp]>([
    ['that climbs out', evil({ name: '../evil' }), /climbs/],
    ['that climbs out further down', evil({ name: 'a/../../evil' }), /climbs/],
    ['with an absolute path', evil({ name: '/tmp/evil' }), /absolute/],
    ['with a backslash', evil({ name: '..\\evil' }), /backslash/],
    ['with a drive', evil({ name: 'C:evil' }), /drive/],
    ['with a stream of Windows', evil({ name: 'index.html:evil' }), /Windows/],
    ['with a link', evil({ content: utf8('/etc'), central: { attributes: link } }), /link/],
    [
      'with a link and a file behind it',
      rawZip([
        { name: 'out', content: utf8('..'), central: { attributes: link } },
        { name: 'out/evil', content: utf8('evil') },
      ]),
      /link|is a file/,
    ],
    ['with one path twice', rawZip([good, good]), /twice/],
    ['with one path in two cases', rawZip([good, { ...good, name: 'GOOD.txt' }]), /case/],
    ['with a wrong CRC-32', evil({ crc: 1 }), /CRC-32/],
    ['that is cut', rawZip([good]).subarray(0, -1), /cut|continues/],
    ['that goes on', joinBytes(rawZip([good]), utf8('x')), /continues|part of no/],
    ['with a lying end', rawZip([good, { ...good, name: 'b' }], { count: 1 }), /contradicts/],
  ])('%s leaves nothing', async (_, bytes, message) => {
    writeFileSync(at('evil.zip'), bytes);
    for (const place of ['app', 'new']) {
      for (const source of [() => at('evil.zip'), () => streamOf(bytes, 7)]) {
        const work = () => unzipFile(source(), at(place), { overwrite: true });
        expect((await refused(work, 'ERR_ARCHIVE_INVALID')).message).toMatch(message);
      }
    }
    expect(existsSync('/tmp/evil')).toBe(false);
  });

  it('that exceeds a limit leaves no file', async () => {
    for (const limits of [
      { maxEntries: 3 },
      { maxFileSize: 149_999 },
      { maxTotalSize: 230_000 },
      { maxRatio: 0.5, maxTotalSize: 200_000 },
    ]) {
      for (const source of [() => at('new.zip'), () => streamOf(zip())]) {
        const options = { ...limits, overwrite: true };
        await refused(() => unzipFile(source(), at('app'), options), 'ERR_LIMIT_EXCEEDED');
      }
    }
  });

  it('that is cut anywhere leaves no file', async () => {
    for (const length of [0, 1, 100, 100_000, zip().length - 100, zip().length - 1]) {
      const cut = zip().subarray(0, length);
      writeFileSync(at('cut.zip'), cut);
      for (const source of [() => at('cut.zip'), () => streamOf(cut)]) {
        await refused(
          () => unzipFile(source(), at('app'), { overwrite: true }),
          'ERR_ARCHIVE_INVALID',
        );
      }
    }
  });
});

describe('a stream', () => {
  it('of a sealed bundle becomes a folder only after all of it is verified', async () => {
    const { bytes } = await encryptBundle(zip(), { privateKey: keyB.pkcs8, chunkSize: 4096 });
    const run = (sealed: Uint8Array) =>
      unzipFile(decryptStream(streamOf(sealed), { publicKey: keyB.spki }), at('app'), {
        overwrite: true,
      });
    for (const place of [bytes.length - 1, bytes.length - 5000, bytes.length >> 1]) {
      const altered = bytes.slice();
      altered[place] = (altered[place] ?? 0) ^ 1;
      await refused(() => run(altered), 'ERR_CHUNK_INVALID');
    }
    await refused(() => run(bytes.subarray(0, -1)), 'ERR_LENGTH_INVALID');
    await refused(() => run(joinBytes(bytes, utf8('x'))), 'ERR_LENGTH_INVALID');
    expect((await run(bytes)).entries).toBe(4);
    expect(readFileSync(at('app/assets/a.bin')).equals(FILES['assets/a.bin'])).toBe(true);
    expect(existsSync(at('app/old'))).toBe(false);
  });

  it('that fails after the last byte of the archive leaves no file', async () => {
    const own = new Error('mine');
    let isGiven = false;
    const make = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (isGiven) controller.error(own);
          else controller.enqueue(zip().slice());
          isGiven = true;
        },
      });
    const error = await refused(
      () => unzipFile(make(), at('app'), { overwrite: true }),
      'ERR_SOURCE_FAILED',
    );
    expect(error.cause).toBe(own);
  });

  it('is cancelled if it is not needed any more', async () => {
    const chunks = [
      zip().subarray(0, 1000),
      zip().subarray(1000, 120_000),
      zip().subarray(120_000),
    ];
    const busy = chunked(chunks);
    await refused(() => unzipFile(busy.stream, at('app')), 'ERR_FILE');
    expect(busy.cancelled()).toMatchObject({ code: 'ERR_FILE' });
    expect(busy.pulled()).toBe(0);

    const evil = chunked([rawZip([{ name: '../evil' }]), bytesOf(20_000), bytesOf(20_000)]);
    await refused(() => unzipFile(evil.stream, at('new')), 'ERR_ARCHIVE_INVALID');
    expect(evil.cancelled()).toMatchObject({ code: 'ERR_ARCHIVE_INVALID' });

    // Also a file without content.
    const stop = new AbortController();
    let reason: unknown;
    const silent = new ReadableStream<Uint8Array>({
      cancel(why) {
        reason = why;
      },
    });
    const work = untouched(() => unzipFile(silent, at('new'), { signal: stop.signal }));
    await sleep(50);
    const mine = new Error('mine');
    stop.abort(mine);
    expect(await work).toBe(mine);
    expect(reason).toBe(mine);
  });
});

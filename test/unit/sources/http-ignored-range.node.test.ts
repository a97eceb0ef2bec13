// httpSource on servers that ignore ranges.

import { describe, expect, it } from 'vitest';
import { httpSource } from '../../../src/sources/http.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { expectSame, file, KEPT, part, QUICK, right } from '../../support/http-file.ts';
import { type Answer, partOf, serve, until, whole } from '../../support/server.ts';
import { streamOf } from '../../support/streams.ts';

describe('a server that ignores ranges', () => {
  it('is refused with a remedy', async () => {
    const { url, ranges, closed } = await serve(whole(file));
    const error = await rejection(httpSource(url, QUICK), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent the whole file.*set ignoredRange to 'read-through'$/);
    expect(ranges).toHaveLength(4);
    await until(() => closed.filter(Boolean).length === 4);
  });

  it('and sends "Accept-Ranges: none" is refused at the first attempt', async () => {
    const { url, ranges } = await serve(whole(file, true, { 'Accept-Ranges': 'none' }));
    const error = await rejection(httpSource(url, QUICK), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent the whole file.*set ignoredRange to 'read-through'$/);
    expect(ranges).toHaveLength(1);
  });

  it('only in some responses is asked again, also during the opening', async () => {
    const large = bytesOf(2_000_000);
    const unannounced: Answer = (response) => response.writeHead(200, { ETag: '"v1"' }).end(large);
    for (const ignoring of [whole(large, true, { ETag: '"v1"' }), unannounced]) {
      const { url, ranges, closed } = await serve(ignoring, partOf(large), ignoring, partOf(large));
      const source = await httpSource(url, QUICK);
      expectSame(await source.read(1_500_000, 10), large.slice(1_500_000, 1_500_010));
      expect(ranges).toHaveLength(4);
      await until(() => closed[0] === true && closed[2] === true);
    }
  });

  it('is accepted for a file of up to 1 MiB', async () => {
    const { url, ranges } = await serve(right, whole(file, true, { ETag: '"v1"' }));
    const source = await httpSource(url, { ...QUICK, retries: 0 });
    expectSame(await source.read(100_000, 10), part(100_000, 10));
    expectSame(await source.read(299_990, 10), part(299_990, 10));
    expect(ranges).toHaveLength(3);
  });

  it.each([true, false])(
    'gives a file that is no larger than the first range (length announced: %s)',
    async (announced) => {
      for (const size of [0, 1, 3000, KEPT - 1, KEPT]) {
        const { url, ranges } = await serve(whole(file.subarray(0, size), announced));
        const source = await httpSource(url, { retries: 0 });
        expect(source.size).toBe(size);
        expectSame(await source.read(0, size), part(0, size));
        expect(ranges).toHaveLength(1);
      }
      const { url } = await serve(whole(file.subarray(0, KEPT + 1), announced));
      const error = await rejection(httpSource(url, { retries: 0 }), 'ERR_SOURCE_FAILED');
      expect(error.message).toMatch(/sent the whole file/);
    },
  );

  it.each([true, false])('is read through on request (length announced: %s)', async (announced) => {
    for (const size of [0, 1, KEPT - 1, KEPT, KEPT + 1, 300_000]) {
      const bytes = file.subarray(0, size);
      const { url, ranges } = await serve(whole(bytes, announced));
      const source = await httpSource(url, { ignoredRange: 'read-through' });
      expect(source.size).toBe(size);
      expectSame(await source.read(0, Math.min(size, KEPT)), bytes.slice(0, KEPT));
      expect(ranges).toHaveLength(1);
      if (size <= KEPT) continue;
      expectSame(await source.read(size - 1, 1), bytes.slice(size - 1));
      expectSame(await source.read(100, size - 100), bytes.slice(100));
      expect(ranges).toHaveLength(3);
    }
  });

  it('sends only the bytes up to the end of the read, for a file far larger than memory', async () => {
    const size = 2 ** 40;
    let sent = 0;
    const endless: Answer = (response) => {
      response.writeHead(200, { 'Content-Length': size });
      const block = Buffer.alloc(KEPT, 7);
      const more = () => {
        while (!response.destroyed && response.write(block)) sent += block.length;
        sent += block.length;
      };
      response.on('drain', more);
      more();
    };
    const { url, closed } = await serve(endless);
    const source = await httpSource(url, { ignoredRange: 'read-through' });
    expect(source.size).toBe(size);
    expectSame(await source.read(3_000_000, 100), new Uint8Array(100).fill(7));
    await until(() => closed[0] === true && closed[1] === true);
    expect(sent).toBeLessThan(100 * 2 ** 20);
  });

  it('may be silent after the last byte that a read needs', async () => {
    const { url } = await serve((response) => {
      response.writeHead(200, { 'Content-Length': file.length });
      response.write(file.subarray(0, 150_000));
    });
    const init = { ignoredRange: 'read-through', retries: 0 } as const;
    const source = await httpSource(url, init);
    expectSame(await source.read(149_990, 10), file.slice(149_990, 150_000));
  });

  it('is noticed if its file goes on after a piece that ends with the first range', async () => {
    const fetching = async () => {
      const { stream } = streamOf([file.subarray(0, KEPT), file.subarray(KEPT)]);
      return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>);
    };
    const url = 'https://example.com/app.sealed';
    const init = { retries: 0, fetch: fetching };
    const error = await rejection(httpSource(url, init), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/sent the whole file/);
    const source = await httpSource(url, { ...init, ignoredRange: 'read-through' });
    expect(source.size).toBe(file.length);
  });

  it('and breaks off the body is read through again', async () => {
    let index = 0;
    const { url, ranges } = await serve((response) => {
      response.writeHead(200, { 'Content-Length': file.length });
      if (index++ !== 1) response.end(file);
      else response.write(file.subarray(0, 120_000), () => response.destroy());
    });
    const source = await httpSource(url, { ...QUICK, ignoredRange: 'read-through' });
    expectSame(await source.read(100_000, 50_000), part(100_000, 50_000));
    expect(ranges.slice(1)).toEqual(['bytes=100000-149999', 'bytes=120000-149999']);
  });

  it('and breaks off while its bytes are counted makes the count start again', async () => {
    const cut: Answer = (response) => {
      response.writeHead(200);
      response.write(file.subarray(0, 90_000), () => response.destroy());
    };
    const { url, ranges } = await serve(cut, whole(file, false));
    const source = await httpSource(url, { ...QUICK, ignoredRange: 'read-through' });
    expect(source.size).toBe(file.length);
    expectSame(await source.read(0, KEPT), part(0, KEPT));
    expect(ranges).toEqual(['bytes=0-65535', 'bytes=0-65535']);

    // The error names the byte, although the bytes before it are dropped.
    const always = await serve(cut);
    const init = { ...QUICK, retries: 0, ignoredRange: 'read-through' } as const;
    const error = await rejection(httpSource(always.url, init), 'ERR_SOURCE_FAILED');
    expect(error.message).toContain('broke off at byte 90000');

    // Data of the first answer must not be used after it.
    const mixed = await serve(cut, (response, { first }) => {
      response
        .writeHead(206, { 'Content-Range': `bytes ${first}-9/10` })
        .end(bytesOf(20).subarray(10));
    });
    const small = await httpSource(mixed.url, { ...QUICK, ignoredRange: 'read-through' });
    expect(small.size).toBe(10);
    expectSame(await small.read(0, 10), bytesOf(20).slice(10));
  });

  it('only in some responses is read through in those', async () => {
    const tagged: Answer = (response) => response.writeHead(200, { ETag: '"v1"' }).end(file);
    const { url } = await serve(right, tagged, right);
    const source = await httpSource(url, { ignoredRange: 'read-through' });
    for (let i = 0; i < 2; i++) expectSame(await source.read(100_000, 10), part(100_000, 10));
  });
});

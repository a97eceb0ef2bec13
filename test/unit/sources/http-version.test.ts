// httpSource against answers from memory: the version of the file.

import { describe, expect, it } from 'vitest';
import { rejection } from '../../support/errors.ts';
import {
  type Answer,
  expectSame,
  file,
  open,
  server,
  URL_,
  whole,
} from '../../support/http-memory.ts';

describe('the version of the file', () => {
  const date = 'Tue, 15 Nov 1994 12:45:26 GMT';
  const other = 'Tue, 15 Nov 1994 12:45:27 GMT';
  const today = 'Tue, 15 Nov 1994 13:00:00 GMT';

  it.each<[string, Record<string, string>, string | null]>([
    ['a strong ETag', { etag: '"v1"' }, '"v1"'],
    ['a strong Last-Modified', { 'last-modified': date, date: today }, date],
    ['no weak ETag', { etag: 'W/"v1"' }, null],
    ['no Last-Modified of this very second', { 'last-modified': date, date }, null],
  ])('is asked for by %s', async (_, headers, expected) => {
    const { requests, ...fetching } = server(file, (answer) =>
      Object.assign(answer.headers, headers),
    );
    const source = await open(fetching);
    expectSame(await source.read(100_000, 5), file.slice(100_000, 100_005));
    expect(requests.map((asked) => asked.headers.get('if-range'))).toEqual([null, expected]);
  });

  /** What the first answer and the ones after it say. */
  const changes: [string, Record<string, string>, (answer: Answer) => void][] = [
    ['another ETag', { etag: '"v1"' }, (a) => Object.assign(a.headers, { etag: '"v2"' })],
    ['another weak ETag', { etag: 'W/"v1"' }, (a) => Object.assign(a.headers, { etag: 'W/"v2"' })],
    [
      'a weak ETag where it was strong',
      { etag: '"v1"' },
      (a) => Object.assign(a.headers, { etag: 'W/"v1"' }),
    ],
    ['no ETag any more', { etag: '"v1"' }, (a) => Reflect.deleteProperty(a.headers, 'etag')],
    [
      'another Last-Modified and nothing else',
      { 'last-modified': date },
      (a) => Object.assign(a.headers, { 'last-modified': other }),
    ],
    [
      'another size under the same ETag',
      { etag: '"v1"' },
      (a) => Object.assign(a.headers, { 'content-range': 'bytes 100000-100004/200001' }),
    ],
    [
      'another size and nothing else',
      {},
      (a) => Object.assign(a.headers, { 'content-range': 'bytes 100000-100004/199999' }),
    ],
    [
      '200 with another ETag',
      { etag: '"v1"' },
      (a) => {
        whole(a);
        a.headers['etag'] = '"v2"';
      },
    ],
    ['200 with another size', {}, (a) => whole(a, file.subarray(1))],
    ['412', { etag: '"v1"' }, (a) => Object.assign(a, { status: 412 })],
    [
      '416',
      {},
      (a) => Object.assign(a, { status: 416, headers: { 'content-range': 'bytes */7' } }),
    ],
  ];
  it.each(
    changes.flatMap(([name, headers, change]) =>
      (['refuse', 'read-through'] as const).map((mode) => [name, mode, headers, change] as const),
    ),
  )('that changed is refused at once: %s (%s)', async (_, ignoredRange, headers, change) => {
    const { requests, ...fetching } = server(file, (answer, { index }) => {
      Object.assign(answer.headers, headers);
      if (index > 0) change(answer);
    });
    const source = await open(fetching, { ignoredRange });
    const error = await rejection(source.read(100_000, 5), 'ERR_SOURCE_FAILED');
    expect(error.message).toBe(`${URL_} was replaced while it was being read: open it again`);
    expect(error.offset).toBe(100_000);
    expect(requests).toHaveLength(2);
  });

  it.each<[string, Record<string, string>, (headers: Record<string, string>) => void]>([
    ['an ETag found to be strong', { etag: 'W/"v1"' }, (h) => Object.assign(h, { etag: '"v1"' })],
    [
      'no Last-Modified any more',
      { etag: '"v1"', 'last-modified': date },
      (h) => {
        Reflect.deleteProperty(h, 'last-modified');
      },
    ],
    [
      'no Last-Modified any more beside a weak ETag',
      { etag: 'W/"v1"', 'last-modified': date },
      (h) => {
        Reflect.deleteProperty(h, 'last-modified');
      },
    ],
    ['an ETag where none was', {}, (h) => Object.assign(h, { etag: '"v1"' })],
    ['a Last-Modified where none was', {}, (h) => Object.assign(h, { 'last-modified': date })],
  ])('is not changed by %s', async (_, headers, change) => {
    const fetching = server(file, (answer, { index }) => {
      Object.assign(answer.headers, headers);
      if (index > 0) change(answer.headers);
    });
    const source = await open(fetching);
    expectSame(await source.read(100_000, 5), file.slice(100_000, 100_005));
  });
});

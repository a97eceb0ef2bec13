// httpSource against answers from memory whose headers are false or contradict each other.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { httpSource } from '../../../src/sources/http.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { type Answer, file, KEPT, open, server, URL_, whole } from '../../support/http-memory.ts';
import { runs } from '../../support/scope.ts';

describe('a response with false headers', () => {
  const header = (name: string, value: string) => (a: Answer) =>
    Object.assign(a.headers, { [name]: value });
  const range = (value: string) => header('content-range', value);
  const first = 'bytes 0-65535/200000';

  const lies: [string, (answer: Answer) => void, RegExp][] = [
    [
      'no Content-Range',
      (a) => Reflect.deleteProperty(a.headers, 'content-range'),
      /Access-Control-Expose-Headers: Content-Range, ETag/,
    ],
    ['garbage', range('lots'), /not "bytes first-last\/size"/],
    ['no size', range('bytes 0-65535/*'), /not "bytes/],
    ['a size below its range', range('bytes 0-65535/65535'), /not "bytes/],
    ['a negative size', range('bytes 0-65535/-1'), /not "bytes/],
    ['an unsafe size', range('bytes 0-65535/9007199254740993'), /not "bytes/],
    ['a huge size', range(`bytes 0-65535/${'9'.repeat(300)}`), /not "bytes/],
    ['206 with an unsatisfied range', range('bytes */200000'), /not "bytes/],
    [
      'another start',
      range('bytes 1-65535/200000'),
      /request for bytes 0 to 65535 with bytes 1 to 65535/,
    ],
    ['an earlier end', range('bytes 0-65534/200000'), /with bytes 0 to 65534/],
    ['a later end', range('bytes 0-65536/200000'), /with bytes 0 to 65536/],
    ['an end before a smaller size', range('bytes 0-9/11'), /request for bytes 0 to 10 /],
    [
      'a longer Content-Length',
      header('content-length', '65537'),
      /contradicts its Content-Range: correct the headers on the server/,
    ],
    [
      'a shorter Content-Length',
      header('content-length', '65535'),
      /contradicts its Content-Range: correct the headers on the server/,
    ],
    [
      'a Content-Length that is none',
      header('content-length', '-65536'),
      /not a number of bytes: correct the header on the server/,
    ],
    ['a Content-Length with an exponent', header('content-length', '65536e0'), /not a number/],
    ['a Content-Length in hexadecimal', header('content-length', '0x10000'), /not a number/],
    ['a Content-Length beyond measure', header('content-length', '9'.repeat(30)), /not a number/],
    ['compression', header('content-encoding', 'gzip'), /Content-Encoding/],
    [
      'several parts',
      (a) => {
        a.headers = { 'content-type': 'multipart/byteranges; boundary=x' };
      },
      /multipart\/byteranges/,
    ],
    [
      'a body that goes on',
      (a) => {
        a.body = file.slice(0, KEPT + 1);
        a.headers['content-range'] = first;
      },
      /more bytes than it announced/,
    ],
    [
      '416 with the range of a response',
      (a) => Object.assign(a, { status: 416 }),
      /answered 416 \(range not satisfiable\) without "Content-Range: bytes \*\/size"/,
    ],
    ['416 without a size', (a) => Object.assign(a, { status: 416, headers: {} }), /Expose-Headers/],
    [
      '416 of a file that is not empty',
      (a) => {
        a.status = 416;
        a.headers = { 'content-range': 'bytes */200000' };
      },
      /answered 416/,
    ],
    [
      'the whole file from a server that has no ranges',
      (a) => {
        whole(a);
        a.headers['accept-ranges'] = 'none';
      },
      /server that answers Range requests.*ignoredRange to 'read-through'/,
    ],
    [
      'the whole file, compressed',
      (a) => {
        whole(a);
        a.headers['content-encoding'] = 'br';
      },
      /Content-Encoding/,
    ],
    ['412', (a) => Object.assign(a, { status: 412 }), /answered 412/],
    [
      '204',
      (a) => Object.assign(a, { status: 204, body: null }),
      /answered 204: the server has to answer a GET request/,
    ],
    ['304', (a) => Object.assign(a, { status: 304, body: null }), /answered 304/],
    ['401', (a) => Object.assign(a, { status: 401 }), /answered 401: .*Authorization/],
    ['403', (a) => Object.assign(a, { status: 403 }), /answered 403: .*link has expired/],
    ['404', (a) => Object.assign(a, { status: 404 }), /answered 404: check the URL/],
    ['501', (a) => Object.assign(a, { status: 501 }), /answered 501/],
  ];

  it.each(lies)('on opening is refused at once: %s', async (_, change, message) => {
    const { requests, ...fetching } = server(file, change);
    const error = await rejection(open(fetching), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(URL_)).toBe(true);
    expect(requests).toHaveLength(1);
  });

  it.each<[string, (answer: Answer) => void, RegExp]>([
    ['another start', range('bytes 100001-100004/200000'), /with bytes 100001 to 100004/],
    ['an earlier end', range('bytes 100000-100003/200000'), /with bytes 100000 to 100003/],
    ['a later end', range('bytes 100000-199999/200000'), /with bytes 100000 to 199999/],
    [
      'no Content-Range',
      (a) => Reflect.deleteProperty(a.headers, 'content-range'),
      /Expose-Headers/,
    ],
    ['a body that goes on', (a) => Object.assign(a, { body: bytesOf(6) }), /more bytes/],
    [
      '416 about the same size',
      (a) => Object.assign(a, { status: 416, headers: { 'content-range': 'bytes */200000' } }),
      /416 \(range not satisfiable\) to a range within the file/,
    ],
    ['404', (a) => Object.assign(a, { status: 404 }), /answered 404/],
  ])('to a read is refused at once: %s', async (_, change, message) => {
    const { requests, ...fetching } = server(file, (answer, { index }) => {
      if (index > 0) change(answer);
    });
    const source = await open(fetching);
    const error = await rejection(source.read(100_000, 5), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(message);
    expect(error.offset).toBeGreaterThanOrEqual(100_000);
    expect(requests).toHaveLength(2);
  });

  it('about its Content-Length in read-through is refused', async () => {
    const cases: [(answer: Answer) => void, RegExp][] = [
      [(a) => (a.body = file.slice(0, 1001)), /more bytes than it announced/],
      [(a) => (a.body = file.slice(0, 999)), /broke off at byte 999 \(attempt 3 of 3\)/],
      [(a) => (a.body = null), /broke off at byte 0/],
    ];
    for (const [change, message] of cases) {
      const fetching = server(file, (answer) => {
        whole(answer, file.subarray(0, 1000));
        change(answer);
      });
      const error = await rejection(
        open(fetching, { ignoredRange: 'read-through', retries: 2 }),
        'ERR_SOURCE_FAILED',
      );
      expect(error.message).toMatch(message);
    }
  });

  it('is accepted if its Content-Encoding says that it has none', async () => {
    for (const encoding of ['identity', ' Identity ', '']) {
      const source = await open(server(file, header('content-encoding', encoding)));
      expect(await source.read(100_000, 10)).toEqual(file.slice(100_000, 100_010));
    }
  });

  it('never causes an allocation of an unchecked size', async () => {
    const { fetch: answerTo } = server(file, range('bytes 0-65535/9007199254740991'));
    const source = await open({ fetch: answerTo });
    expect(source.size).toBe(Number.MAX_SAFE_INTEGER);
    // The next answer speaks of other bytes: refused for that, before 2^52 bytes are asked of the memory.
    const error = await rejection(source.read(KEPT, 2 ** 52), 'ERR_SOURCE_FAILED');
    expect(error.message).toMatch(/with bytes 0 to 65535/);
  });

  it('with any headers and body gives the file or an error with a code', async () => {
    const text = fc.oneof(
      fc.constantFrom('0', '5', '65536', '200000', 'bytes 0-65535/200000', first),
      fc.stringMatching(/^[\x21-\x7e]{0,20}$/),
    );
    const names = fc.constantFrom(
      'content-range',
      'content-length',
      'content-encoding',
      'etag',
      'last-modified',
      'date',
      'retry-after',
      'content-type',
    );
    const statuses = fc.constantFrom(200, 206, 206, 206, 404, 412, 416, 503);
    const answers = fc.array(
      fc.record({
        status: statuses,
        headers: fc.dictionary(names, text, { maxKeys: 3 }),
        cut: fc.integer({ min: -2, max: 2 }),
      }),
      { minLength: 8, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(answers, fc.boolean(), async (changes, through) => {
        const fetching = server(file, (answer, { index }) => {
          const { status, headers, cut } = changes[index % 8] as (typeof changes)[number];
          if (status === 200) whole(answer);
          answer.status = status;
          // A wait of its own would only make the test long.
          Object.assign(answer.headers, headers, { 'retry-after': '0' });
          if (cut < 0) answer.body = answer.body?.slice(0, cut) ?? null;
        });
        try {
          const source = await open(fetching, {
            retries: 2,
            ignoredRange: through ? 'read-through' : 'refuse',
          });
          if (source.size < 150_000) return;
          const bytes = await source.read(100_000, 50_000);
          expect(
            bytes.length === 50_000 && bytes.every((byte, i) => byte === file[100_000 + i]),
          ).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ name: 'BundleSealError', code: 'ERR_SOURCE_FAILED' });
        }
      }),
      { numRuns: runs(150) },
    );
  });
});

describe('a server that answers every range with a 416 and a smaller size', () => {
  it('is refused after one correction', async () => {
    let asked = 0;
    const fetching = async () => {
      asked += 1;
      return new Response(null, {
        status: 416,
        headers: { 'content-range': `bytes */${KEPT - asked}` },
      });
    };
    const error = await rejection(httpSource(URL_, { fetch: fetching }), 'ERR_SOURCE_FAILED');
    expect(error.message).toContain('another size each time');
    expect(asked).toBe(2);
  });
});

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { equalBytes } from '../../src/bytes.ts';
import { BundleSealError, encryptBundle, httpSource, openBundle } from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { runs } from '../support/scope.ts';
import { keyB } from '../support/vectors.ts';

const plain = bytesOf(250_000);
/** Milliseconds, for servers that use them up. */
const TIMEOUT = 25;
/** Milliseconds, for servers that answer at once: a busy machine may take long over it. */
const LONG_TIMEOUT = 30_000;
let sealed: Uint8Array;
let other: Uint8Array;

beforeAll(async () => {
  const sealing = { privateKey: keyB.pkcs8, chunkSize: 16_384 };
  sealed = (await encryptBundle(plain, sealing)).bytes;
  // A later release of the same size.
  other = (await encryptBundle(plain, sealing)).bytes;
});

type Parts = (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>;
const silence = new Promise<void>(() => {});

/** Changes that a server may make to the right answer. `body`: the bytes that it sends before the end. */
interface Answer {
  status: number;
  headers: Record<string, string>;
  bytes: Uint8Array | null;
  after: Parts;
}

const close: Parts = (controller) => controller.close();
const set = (name: string, value: string) => (answer: Answer) => {
  answer.headers[name] = value;
};
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (answer: Answer) => {
    Object.assign(answer, { status: code, headers, bytes: null });
  };
const whole =
  (bytes: () => Uint8Array, announced: boolean) =>
  (answer: Answer): void => {
    answer.status = 200;
    answer.headers = announced ? { 'content-length': String(bytes().length) } : {};
    answer.bytes = bytes();
  };

const MISBEHAVIOURS: Record<string, (answer: Answer, first: number, last: number) => void> = {
  none: () => {},
  'another ETag': set('etag', '"v2"'),
  'a weak ETag': set('etag', 'W/"v1"'),
  'no ETag': (answer) => Reflect.deleteProperty(answer.headers, 'etag'),
  'another date': set('last-modified', 'Tue, 15 Nov 1994 12:45:26 GMT'),
  'compression announced': set('content-encoding', 'gzip'),
  'a wrong range': set('content-range', 'bytes 1-2/300000'),
  'another size': (answer, first, last) =>
    set('content-range', `bytes ${first}-${last}/300000`)(answer),
  'no range': (answer) => Reflect.deleteProperty(answer.headers, 'content-range'),
  'a wrong length': set('content-length', '3'),
  'the whole file': whole(() => sealed, true),
  'the whole file, not announced': whole(() => sealed, false),
  'the whole of another': whole(() => other, true),
  'a page of an error as 200': whole(() => bytesOf(500), true),
  'the range of another': (answer, first, last) => {
    answer.bytes = other.slice(first, last + 1);
  },
  'an altered byte': (answer) => {
    const at = (answer.bytes?.length ?? 0) >> 1;
    if (answer.bytes) answer.bytes[at] = 255 ^ (answer.bytes[at] as number);
  },
  'too few bytes': (answer) => {
    answer.bytes = answer.bytes?.slice(0, -100) ?? null;
  },
  'too many bytes': (answer) => {
    answer.bytes = new Uint8Array([...(answer.bytes ?? []), 1, 2, 3]);
  },
  'a broken connection': (answer) => {
    answer.bytes = answer.bytes?.slice(0, 5000) ?? null;
    answer.after = (controller) => controller.error(new TypeError('terminated'));
  },
  silence: (answer) => {
    answer.bytes = answer.bytes?.slice(0, 5000) ?? null;
    answer.after = () => silence;
  },
  'a byte now and then': (answer) => {
    answer.bytes = answer.bytes?.slice(0, 10) ?? null;
    answer.after = async (controller) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      controller.enqueue(new Uint8Array(1));
    };
  },
  'no end': (answer) => {
    answer.after = (controller) => controller.enqueue(new Uint8Array(10_000));
  },
  'no end of nothing': (answer) => {
    answer.after = (controller) => controller.enqueue(new Uint8Array(0));
  },
  'a redirect to itself': status(302, { location: '/app.sealed' }),
  'a redirect elsewhere': status(307, { location: 'https://elsewhere.example.com/' }),
  'a redirect to http': status(301, { location: 'http://example.com/' }),
  '404': status(404),
  '412': status(412),
  '416': status(416),
  '416 with another size': status(416, { 'content-range': 'bytes */7' }),
  '503': status(503, { 'retry-after': '0' }),
  '204': status(204),
};

const names = Object.keys(MISBEHAVIOURS);
/** Whether an answer takes as long as it is allowed to. */
const isSlow = (name: string) => /^(silence|a byte now and then|no end of nothing)$/.test(name);
/** Half of the answers are right, so that many reads come through. */
const answers = fc.array(fc.oneof(fc.constant('none'), fc.constantFrom(...names)), {
  minLength: 1,
  maxLength: 10,
});

function answering(way: readonly string[]) {
  let requests = 0;
  const fetching: typeof fetch = async (_, init = {}) => {
    const range = new Headers(init.headers).get('range') ?? '';
    const [first = 0, asked = sealed.length - 1] = (range.match(/\d+/g) ?? []).map(Number);
    const last = Math.min(asked, sealed.length - 1);
    const answer: Answer = {
      status: 206,
      headers: { 'content-range': `bytes ${first}-${last}/${sealed.length}`, etag: '"v1"' },
      bytes: sealed.slice(first, last + 1),
      after: close,
    };
    MISBEHAVIOURS[way[requests++ % way.length] as string]?.(answer, first, last);
    const { bytes, after } = answer;
    let begun = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (begun) return after(controller);
        begun = true;
        controller.enqueue(bytes as Uint8Array);
      },
    });
    return new Response(bytes === null ? null : (body as ReadableStream<Uint8Array<ArrayBuffer>>), {
      status: answer.status,
      headers: answer.headers,
    });
  };
  return { fetch: fetching, count: () => requests };
}

describe('a bundle on any server', () => {
  it('gives the right bytes or an error with a code in finite time', async () => {
    const places = fc.array(fc.tuple(fc.nat(249_999), fc.integer({ min: 1, max: 120_000 })), {
      minLength: 1,
      maxLength: 3,
    });
    const through = fc.constantFrom('refuse', 'read-through');
    let whole = 0;
    await fc.assert(
      fc.asyncProperty(answers, places, through, async (way, reads, ignoredRange) => {
        const server = answering(way);
        const timeout = way.some(isSlow) ? TIMEOUT : LONG_TIMEOUT;
        const init = { retries: 1, retryDelay: 0, timeout, ignoredRange } as const;
        const url = 'https://example.com/app.sealed';
        try {
          const source = await httpSource(url, { ...init, fetch: server.fetch });
          const reader = await openBundle(source, { publicKey: keyB.spki });
          for (const [offset, length] of reads) {
            const read = await reader.read(offset, length);
            expect(equalBytes(read, plain.slice(offset, offset + length))).toBe(true);
          }
          reader.close();
          whole++;
        } catch (error) {
          if (!(error instanceof BundleSealError)) throw error;
          expect(error.message).not.toBe('');
        }
        // Two attempts of 21 places each, for the opening and for what each read takes.
        expect(server.count()).toBeLessThan(43 * (1 + 8 * reads.length));
      }),
      // At least one way gives everything.
      { numRuns: Math.max(30, runs(100)), examples: [[['none'], [[0, 1]], 'refuse']] },
    );
    expect(whole).toBeGreaterThan(0);
  });

  it.each(names)(
    'is read in spite of %s or ends with an error, in every response after the first',
    async (name) => {
      const way = ['none'];
      const server = answering(way);
      // On a busy machine a right answer may come too late, but not six times.
      const timeout = isSlow(name) ? 4 * TIMEOUT : LONG_TIMEOUT;
      const init = { retries: 5, retryDelay: 0, timeout, fetch: server.fetch };
      const source = await httpSource('https://example.com/app.sealed', init);
      const reader = await openBundle(source, { publicKey: keyB.spki });
      way[0] = name;
      const read = await reader.read(150_000, 50_000).catch((error: unknown) => error);
      if (read instanceof BundleSealError) {
        expect(['ERR_SOURCE_FAILED', 'ERR_CHUNK_INVALID']).toContain(read.code);
      } else {
        expect(equalBytes(read as Uint8Array, plain.slice(150_000, 200_000))).toBe(true);
      }
    },
  );
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../../src/backend/select.ts';
import { readSettings } from '../../../src/update/options.ts';
import { createTransport } from '../../../src/update/transport.ts';
import type { UpdateEvent } from '../../../src/update.ts';
import { memoryBuiltIn, memoryStore } from '../../../src/update.ts';
import { bytesOf } from '../../support/bytes.ts';
import { keyB } from '../../support/vectors.ts';
import { recordWaits } from '../../support/waits.ts';
import { utf8 } from '../../support/zip.ts';

const content = bytesOf(200_000);
const MIRRORS = ['https://one.example.com/', 'https://two.example.com/'];

type Answer = (from: number, url: string, init: RequestInit) => Response | Promise<Response>;

const partial = (from: number, end = content.length, total = content.length) =>
  new Response(content.slice(from, end) as BodyInit, {
    status: from === 0 ? 200 : 206,
    headers: from === 0 ? {} : { 'content-range': `bytes ${from}-${total - 1}/${total}` },
  });

/** Fetches the object, with one answer after the other and the last one for all that follow. */
async function fetchWith(answers: readonly Answer[], options = {}, object = {}) {
  const asked: string[] = [];
  const events: UpdateEvent[] = [];
  const backend = await selectBackend('auto');
  const settings = readSettings({
    store: MIRRORS,
    channel: 'production',
    appId: 'com.example.app',
    publicKey: keyB.spki,
    releases: memoryStore(),
    builtIn: await memoryBuiltIn({ a: utf8('a') }, { createdAt: '2026-11-26T08:55:00Z' }),
    retries: 2,
    retryDelay: 1,
    fetch: (async (url: string, init: RequestInit) => {
      const range = new Headers(init.headers).get('range');
      const from = Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')?.[1]);
      const answer = answers[Math.min(asked.length, answers.length - 1)] as Answer;
      asked.push(`${new URL(url).hostname.split('.')[0]} ${from}`);
      return answer(from, url, init);
    }) as typeof fetch,
    ...options,
  });
  const sha256 = [...(await backend.sha256(content))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
  const transport = createTransport(settings, backend, (event) => events.push(event));
  const told: number[] = [];
  const wanted = { sha256, size: content.length, ...object };
  const pieces: Uint8Array[] = [];
  let error: unknown;
  try {
    const stream = transport.fetchObject(wanted, new AbortController().signal, (done) =>
      told.push(done),
    );
    for await (const piece of stream) pieces.push(piece);
  } catch (failure) {
    error = failure;
  }
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return { asked, events, told, error, length };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('an object of the store', () => {
  it('comes whole from a server that answers it whole, and its bytes are told', async () => {
    const { asked, error, length, told } = await fetchWith([() => partial(0)]);
    expect([error, length, told.at(-1)]).toEqual([undefined, content.length, content.length]);
    expect(asked).toEqual(['one 0']);
  });

  it('is taken up where the connection broke', async () => {
    const { asked, error, length } = await fetchWith([
      () => partial(0, 50_000),
      (from) => partial(from, 120_000),
      (from) => partial(from),
    ]);
    expect([error, length]).toEqual([undefined, content.length]);
    expect(asked).toEqual(['one 0', 'one 50000', 'one 120000']);
  });

  it('is read again from its beginning where the server knows no ranges', async () => {
    const { error, length } = await fetchWith([() => partial(0, 50_000), () => partial(0)]);
    expect([error, length]).toEqual([undefined, content.length]);
  });

  it('is read again from its beginning where a cache answers another range', async () => {
    const { error, asked } = await fetchWith([
      () => partial(0, 50_000),
      () => partial(10_000),
      () => partial(0),
    ]);
    expect(error).toBeUndefined();
    expect(asked).toHaveLength(3);
  });

  it('is taken up on the next mirror, and the failure of the first one is told', async () => {
    const { asked, events, error } = await fetchWith([
      () => partial(0, 50_000),
      () => new Response('', { status: 404 }),
      (from) => partial(from),
    ]);
    expect(error).toBeUndefined();
    expect(asked).toEqual(['one 0', 'one 50000', 'two 50000']);
    expect(events).toMatchObject([{ type: 'mirror-failed' }]);
  });

  it('is refused where it is another one of the same length', async () => {
    const other = content.slice();
    other[7] = (other[7] as number) ^ 1;
    const { error } = await fetchWith([() => new Response(other as BodyInit)]);
    expect(error).toMatchObject({ code: 'ERR_SOURCE_FAILED', message: /not the object/ });
  });

  it('is refused where it is shorter, after the retries that were asked for', async () => {
    const { error, asked } = await fetchWith([(from) => partial(from, Math.max(from, 1000))]);
    expect(error).toMatchObject({ code: 'ERR_SOURCE_FAILED' });
    // The first request and two retries on each mirror.
    expect(asked).toHaveLength(6);
  });

  it('is given up at once where both mirrors do not have it', async () => {
    const { error, asked } = await fetchWith([() => new Response('', { status: 404 })]);
    expect(error).toMatchObject({ message: /does not have it/ });
    expect(asked).toEqual(['one 0', 'two 0']);
  });

  it('waits as long as the server asks for, and not for longer than a minute', async () => {
    const busy = (seconds: string) => () =>
      new Response('', { status: 503, headers: { 'retry-after': seconds } });
    const begun = Date.now();
    const soon = await fetchWith([busy('1'), () => partial(0)]);
    expect(soon.error).toBeUndefined();
    expect(Date.now() - begun).toBeGreaterThan(900);
    for (const later of ['3600', new Date(begun + 3_600_000).toUTCString()]) {
      const late = await fetchWith([busy(later)]);
      expect(late.error).toMatchObject({ message: /answered 503/ });
      expect(late.asked).toEqual(['one 0', 'two 0']);
    }
  });

  it.each([
    ['the shortest', 0, [50, 100, 200, 400]],
    ['the longest', 1, [100, 200, 400, 800]],
  ])(
    'waits twice as long before each retry, by a random share: %s waits',
    async (_, share, expected) => {
      vi.spyOn(Math, 'random').mockReturnValue(share);
      const waits = recordWaits();
      const broken = () => new Response('', { status: 502 });
      const options = { store: MIRRORS[0], retries: 4, retryDelay: 100 };
      const { asked, error } = await fetchWith([broken], options);
      expect(error).toMatchObject({ message: /answered 502/ });
      expect(asked).toHaveLength(5);
      expect(waits).toEqual(expected);
    },
  );

  it('gives up on a server that sends one byte in each request', async () => {
    const { error, asked } = await fetchWith([(from) => partial(from, from + 1)]);
    expect(error).toBeDefined();
    expect(asked.length).toBeLessThan(10);
  });

  it('of no bytes is fetched too', async () => {
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const { error } = await fetchWith([() => new Response('')], {}, { sha256: empty, size: 0 });
    expect(error).toBeUndefined();
  });

  it('is given up where the fetch of the app does not follow its signal', async () => {
    const never = () => new Promise<Response>(() => {});
    const { error } = await fetchWith([never], { timeout: 5, retries: 1 });
    expect(error).toMatchObject({ message: /sent too little for too long/ });
  });
});

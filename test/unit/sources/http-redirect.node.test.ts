// httpSource and redirects: which ones it follows, and which headers and secrets it sends along.

import { describe, expect, it } from 'vitest';
import { httpSource } from '../../../src/sources/http.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { type Answer, partOf, type Served, serve, status } from '../../support/server.ts';

const file = bytesOf(300_000);
const right = partOf(file);
const QUICK = { retryDelay: 1, retries: 1 } as const;
const SECRETS = {
  authorization: 'Bearer s3cret',
  cookie: 'session=s3cret',
  'x-api-key': 's3cret',
  accept: 'application/s3cret',
};

const to =
  (location: string, code = 302): Answer =>
  (response) =>
    response.writeHead(code, { Location: location }).end('moved');

const sent = ({ headers }: Served) => headers.map((all) => JSON.stringify(all).includes('s3cret'));

async function readFrom(url: string, init = {}) {
  const source = await httpSource(url, { ...QUICK, headers: SECRETS, ...init });
  expect(source.size).toBe(file.length);
  expect(await source.read(100_000, 10)).toEqual(file.slice(100_000, 100_010));
  return source;
}

describe('a redirect to another origin', () => {
  it.each([301, 302, 303, 307, 308])('gets no header of the caller (%i)', async (code) => {
    const other = await serve(right);
    const { url, ...first } = await serve(to(other.url, code));
    await readFrom(url);
    expect(sent({ url, ...first })).toEqual([true]);
    expect(sent(other)).toEqual([false, false]);
    expect(other.ranges).toEqual(['bytes=0-65535', 'bytes=100000-100009']);
    expect(other.conditions).toEqual([undefined, '"v1"']);
  });

  it('gets none if the runtime calls it opaque but shows its address', async () => {
    const sentTo: [string, boolean][] = [];
    const answers: typeof fetch = async (url, init = {}) => {
      sentTo.push([String(url), new Headers(init.headers).has('x-api-key')]);
      if (String(url).includes('example.com')) {
        const headers = new Headers({ location: 'https://example.org/b' });
        return { status: 302, type: 'opaqueredirect', headers, body: null } as unknown as Response;
      }
      const headers = { 'content-range': 'bytes 0-9/10' };
      return new Response(file.slice(0, 10), { status: 206, headers });
    };
    await httpSource('https://example.com/a', { ...QUICK, headers: SECRETS, fetch: answers });
    expect(sentTo).toEqual([
      ['https://example.com/a', true],
      ['https://example.org/b', false],
    ]);
  });

  it('and back to the first one gets none either', async () => {
    const answers: Answer[] = [];
    const first = await serve((response, asked) => answers.shift()?.(response, asked));
    const other = await serve(to(`${first.origin}/back`));
    answers.push(to(other.url), right, right);
    await readFrom(first.url);
    expect(sent(first)).toEqual([true, false, false]);
    expect(sent(other)).toEqual([false]);
  });

  it('to another name of the same server gets none', async () => {
    const other = await serve(right);
    const first = await serve(to(other.url.replace('127.0.0.1', 'localhost')));
    await readFrom(first.url);
    expect(sent(other)).toEqual([false, false]);
  });

  it('that requires them is refused with the address to pass', async () => {
    const other = await serve(status(401));
    const first = await serve(to(other.url));
    const error = await rejection(
      httpSource(first.url, { ...QUICK, headers: SECRETS }),
      'ERR_SOURCE_FAILED',
    );
    expect(error.message).toBe(
      `${first.url} redirects to ${other.origin}, which answered 401: httpSource sends options.headers only to ${first.origin}, so pass the final address`,
    );
  });

  it('is refused if a fetch followed it on its own', async () => {
    const other = await serve(right);
    const first = await serve(to(other.url));
    const following: typeof fetch = (url, init) => fetch(url, { ...init, redirect: 'follow' });
    const error = await rejection(
      httpSource(first.url, { ...QUICK, headers: SECRETS, fetch: following }),
      'ERR_SOURCE_FAILED',
    );
    expect(error.message).toContain(
      `redirects to ${other.origin}, and fetch followed the redirect by itself`,
    );
    expect(other.ranges).toHaveLength(1);
    // Without headers there is nothing that it could give away.
    await readFrom(first.url, { headers: {}, fetch: following });
  });
});

describe('a redirect within the origin', () => {
  it('keeps the headers of the caller', async () => {
    const server = await serve(to('/elsewhere?token=1'), to('./here'), right);
    await readFrom(server.url);
    expect(sent(server)).toEqual([true, true, true, true]);
  });

  it('is followed once, and later reads start at its target', async () => {
    const server = await serve(to('/elsewhere'), right);
    const source = await readFrom(server.url);
    await source.read(200_000, 10);
    expect(server.ranges).toHaveLength(4);
  });
});

describe('the remembered target of redirects', () => {
  it.each<[string, Answer]>([
    ['answers 403, as a signed link that ran out', status(403)],
    ['answers 503', status(503)],
    ['breaks the connection', (response) => response.destroy()],
  ])('and %s is asked for anew', async (_, failing) => {
    const other = await serve(right, failing, right);
    const first = await serve(to(other.url));
    const source = await httpSource(first.url, { retries: 0, headers: SECRETS });
    expect(await source.read(100_000, 10)).toEqual(file.slice(100_000, 100_010));
    expect(sent(first)).toEqual([true, true]);
    expect(sent(other)).toEqual([false, false, false]);
  });

  it('is not asked any more once the URL itself has the file', async () => {
    const other = await serve(right, status(410));
    const first = await serve(to(other.url), right);
    const source = await httpSource(first.url, QUICK);
    for (const offset of [100_000, 150_000]) {
      expect(await source.read(offset, 10)).toEqual(file.slice(offset, offset + 10));
    }
    expect(other.ranges).toEqual(['bytes=0-65535', 'bytes=100000-100009']);
    expect(first.ranges).toEqual(['bytes=0-65535', 'bytes=100000-100009', 'bytes=150000-150009']);
  });

  it('is forgotten if it answers with another file', async () => {
    const other = await serve(right, partOf(file.subarray(1)), right);
    const first = await serve(to(other.url));
    const source = await httpSource(first.url, QUICK);
    await rejection(source.read(100_000, 10), 'ERR_SOURCE_FAILED');
    expect(await source.read(100_000, 10)).toEqual(file.slice(100_000, 100_010));
    expect(first.ranges).toHaveLength(2);
  });
});

describe('a redirect that is not followed', () => {
  const refused: [string, Answer, RegExp, number][] = [
    ['for ever in a circle', to('/app.sealed'), /redirects more than 20 times/, 21],
    ['to no URL', to('http://['), /redirects to an address that is no URL/, 1],
    ['to a file', to('file:///etc/passwd'), /neither http nor https/, 1],
    ['to data', to('data:,s3cret'), /neither http nor https/, 1],
    ['with a password', to('http://me:s3cret@127.0.0.1/'), /user name or password/, 1],
    ['with a password alone', to('http://:s3cret@127.0.0.1/'), /user name or password/, 1],
    ['with a user name alone', to('http://s3cret@127.0.0.1/'), /user name or password/, 1],
    ['without an address', status(302), /answered 302/, 1],
  ];

  it.each(refused)('leads %s', async (_, answer, message, requests) => {
    const { url, ranges } = await serve(answer);
    const error = await rejection(
      httpSource(`${url}?token=s3cret`, { ...QUICK, headers: SECRETS }),
      'ERR_SOURCE_FAILED',
    );
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(`${url} `)).toBe(true);
    expect(JSON.stringify([error.message, String(error.cause)])).not.toContain('s3cret');
    expect(ranges).toHaveLength(requests);
  });

  it.each(['error', 'manual'] as const)('is every redirect with redirect: %s', async (redirect) => {
    const { url, ranges } = await serve(to('/elsewhere'), right);
    const error = await rejection(httpSource(url, { ...QUICK, redirect }), 'ERR_SOURCE_FAILED');
    expect(error.message).toContain('options.redirect forbids');
    expect(ranges).toHaveLength(1);
  });

  it('leads from https to http', async () => {
    const asked: string[] = [];
    const answers: typeof fetch = async (url) => {
      asked.push(String(url));
      return new Response(null, { status: 302, headers: { location: 'http://example.com/a' } });
    };
    const error = await rejection(
      httpSource('https://example.com/a', { ...QUICK, fetch: answers }),
      'ERR_SOURCE_FAILED',
    );
    expect(error.message).toContain('redirects from https to http, to http://example.com');
    expect(asked).toEqual(['https://example.com/a']);
  });
});

describe('where a script does not see redirects', () => {
  /** Answers as a browser does: a manual redirect is opaque, and followed ones are not. */
  function browser(landing: string) {
    const inits: RequestInit[] = [];
    const page: typeof fetch = async (_, init = {}) => {
      inits.push(init);
      const isOpaque = init.redirect === 'manual';
      const headers = new Headers({ 'content-range': 'bytes 0-9/10' });
      const body = isOpaque ? null : new Blob([file.slice(0, 10)]).stream();
      const seen = isOpaque
        ? { status: 0, type: 'opaqueredirect', headers: new Headers(), ok: false }
        : { status: 206, type: 'cors', headers, ok: true, redirected: true, url: landing };
      return { ...seen, body } as Response;
    };
    return { inits, fetch: page };
  }

  it('they are followed by the browser if the caller gave no headers', async () => {
    const { inits, ...page } = browser('https://cdn.example.org/x?token=s3cret');
    const source = await httpSource('https://example.com/a', { ...QUICK, ...page });
    expect(source.size).toBe(10);
    expect(inits.map(({ redirect }) => redirect)).toEqual(['manual', 'follow']);
  });

  it('they are refused if the caller gave headers', async () => {
    const { inits, ...page } = browser('https://cdn.example.org/x');
    const init = { ...QUICK, ...page, headers: SECRETS };
    const error = await rejection(httpSource('https://example.com/a', init), 'ERR_SOURCE_FAILED');
    expect(error.message).toContain('redirects, and a page cannot see where to');
    expect(inits.map(({ redirect }) => redirect)).toEqual(['manual']);
  });

  it('they are refused if they led from https to http', async () => {
    const page = browser('http://example.com/a?token=s3cret');
    const error = await rejection(
      httpSource('https://example.com/a', { ...QUICK, fetch: page.fetch }),
      'ERR_SOURCE_FAILED',
    );
    expect(error.message).toContain('redirects from https to http');
    expect(error.message).not.toContain('s3cret');
  });
});

describe('the cause of an error', () => {
  const quoted = 'GET https://example.com/a?token=s3cret';
  it.each<[string, () => unknown]>([
    [
      'its message alone',
      () => Object.assign(new Error(quoted), { stack: '', code: 'ECONNRESET' }),
    ],
    ['its stack alone', () => Object.assign(new Error('lost'), { stack: quoted })],
    ['a field alone', () => Object.assign(new Error('lost'), { code: 'ECONNRESET', url: quoted })],
    ['its own cause alone', () => new Error('lost', { cause: new Error(quoted) })],
    ['an error in a field', () => Object.assign(new Error('lost'), { first: new Error(quoted) })],
    [
      'the last of twenty causes',
      () => {
        let error = new Error(quoted);
        for (let i = 0; i < 20; i++) error = new Error('lost', { cause: error });
        return error;
      },
    ],
    ['its name', () => Object.assign(new Error('lost'), { name: quoted })],
    ['its code', () => Object.assign(new Error('lost'), { code: quoted })],
    ['the text that was thrown', () => quoted],
  ])('contains no query of the URL, also if the runtime has it in %s', async (_, make) => {
    const failing: typeof fetch = () => Promise.reject(make());
    const url = 'https://example.com/a?token=s3cret';
    const error = await rejection(
      httpSource(url, { ...QUICK, fetch: failing }),
      'ERR_SOURCE_FAILED',
    );
    const { inspect } = await import('node:util');
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('s3cret');
    expect(error.cause).toBeDefined();
  });

  it.each<[string, (error: Error) => Error]>([
    ['is its own cause', (error) => Object.defineProperty(error, 'cause', { value: error })],
    ['has itself as a field', (error) => Object.assign(error, { cause: error })],
  ])('is a copy that ends if the error of the runtime %s', async (_, change) => {
    const failing: typeof fetch = () => Promise.reject(change(new Error('lost')));
    const error = await rejection(
      httpSource('https://example.com/a', { ...QUICK, fetch: failing }),
      'ERR_SOURCE_FAILED',
    );
    let length = 0;
    for (let at: unknown = error.cause; at instanceof Error && length < 100; at = at.cause) {
      expect(at.message).toBe('lost');
      length += 1;
    }
    expect(length).toBeLessThan(100);
  });

  it.each([
    [9, 'is the error that the runtime threw', true],
    [10, 'is a copy of nine, because no more of them are searched for secrets', false],
  ])('in a chain of %i errors %s', async (length, _, isItself) => {
    let thrown = new Error('lost');
    for (let i = 1; i < length; i++) thrown = new Error('lost', { cause: thrown });
    const init = { ...QUICK, fetch: () => Promise.reject(thrown) };
    const error = await rejection(httpSource('https://example.com/a', init), 'ERR_SOURCE_FAILED');
    expect(error.cause === thrown).toBe(isItself);
    let kept = 0;
    for (let at: unknown = error.cause; at instanceof Error; at = at.cause) kept += 1;
    expect(kept).toBe(9);
  });

  it('contains no query of the URL or of its redirects', async () => {
    const deno: typeof fetch = async (url) => {
      if (!String(url).includes('elsewhere')) {
        const headers = { location: '/elsewhere?signature=s3cret2#s3cret3' };
        return new Response(null, { status: 302, headers });
      }
      const inner = new Error(`connect ${url}`);
      const cause = new TypeError(`error sending request for url (${url})`, { cause: inner });
      throw Object.assign(cause, { code: 'ConnectionRefused', path: String(url) });
    };
    const url = 'https://example.com/a?token=s3cret';
    const error = await rejection(httpSource(url, { ...QUICK, fetch: deno }), 'ERR_SOURCE_FAILED');
    const { inspect } = await import('node:util');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('s3cret');
    expect(error.cause).toMatchObject({
      name: 'TypeError',
      code: 'ConnectionRefused',
      message: 'error sending request for url (https://example.com/elsewhere)',
    });
  });
});

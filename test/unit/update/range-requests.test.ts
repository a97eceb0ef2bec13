// Conditional requests and ranges of the files that a service worker or server answers with: RFC 9110.

import { describe, expect, it } from 'vitest';
import { bodyOf, isNotModified } from '../../../src/update/range-requests.ts';
import { utf8 } from '../../support/zip.ts';

const BYTES = utf8('0123456789');
const ETAG = '"v1"';

const requestWith = (headers: Record<string, string>, method = 'GET') =>
  new Request('https://app.example.com/a.js', { method, headers });

describe('isNotModified', () => {
  it.each([
    [ETAG, true],
    ['W/"v1"', true],
    ['"v0", "v1"', true],
    ['"v0",W/"v1" ,"v2"', true],
    [' * ', true],
    ['"v0"', false],
    ['"v10"', false],
    ['"W/v1"', false],
    ['', false],
  ])('compares the tags of If-None-Match: %s', (header, expected) => {
    expect(isNotModified(requestWith({ 'if-none-match': header }), ETAG)).toBe(expected);
  });

  it('is false for a request without tags', () => {
    expect(isNotModified(requestWith({}), ETAG)).toBe(false);
  });
});

describe('bodyOf', () => {
  const ask = async (headers: Record<string, string>, method?: string, bytes = BYTES) => {
    const answer = bodyOf(requestWith(headers, method), bytes, ETAG, { etag: ETAG });
    return {
      status: answer.status,
      text: await answer.text(),
      range: answer.headers.get('content-range'),
      length: answer.headers.get('content-length'),
      etag: answer.headers.get('etag'),
    };
  };
  const whole = { status: 200, text: '0123456789', range: null, length: '10', etag: ETAG };

  it.each([
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=9-9', '9', 'bytes 9-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-99', '0123456789', 'bytes 0-9/10'],
  ])('returns the part that %s asks for', async (range, text, shown) => {
    expect(await ask({ range })).toEqual({
      ...{ status: 206, text, range: shown, length: String(text.length), etag: ETAG },
    });
  });

  it.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])(
    'refuses %s, which has no byte',
    async (range) => {
      expect(await ask({ range })).toMatchObject({
        status: 416,
        text: '',
        range: 'bytes */10',
        etag: ETAG,
      });
    },
  );

  it('refuses every range of an empty file', async () => {
    for (const range of ['bytes=0-', 'bytes=-1']) {
      const answer = await ask({ range }, 'GET', new Uint8Array(0));
      expect(answer).toMatchObject({ status: 416, range: 'bytes */0' });
    }
  });

  it.each([
    'bytes=0-1,3-4',
    'lines=0-1',
    'bytes=-',
    'bytes=5-4',
    'bytes=a-b',
    'xbytes=0-1',
    'bytes=0-1x',
  ])('returns the whole file for %s', async (range) => {
    expect(await ask({ range })).toEqual(whole);
  });

  it('returns a part only of the version that If-Range names', async () => {
    const range = 'bytes=0-1';
    expect(await ask({ range, 'if-range': ETAG })).toMatchObject({ status: 206, text: '01' });
    expect(await ask({ range, 'if-range': '"v0"' })).toEqual(whole);
  });

  it('returns the headers alone for HEAD, and ignores its range', async () => {
    expect(await ask({ range: 'bytes=0-1' }, 'HEAD')).toEqual({ ...whole, text: '' });
  });
});

// A server in memory, as a fetch for httpSource. The tests change its answers.

import { expect } from 'vitest';
import { equalBytes } from '../../src/bytes.ts';
import { httpSource } from '../../src/sources/http.ts';
import type { HttpSourceInit } from '../../src/sources/http-options.ts';
import type { RandomAccessSource } from '../../src/sources/input.ts';
import { bytesOf } from './bytes.ts';

export const KEPT = 65_536;
export const file: Uint8Array = bytesOf(200_000);
export const URL_ = 'https://example.com/app.sealed';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array | null;
}

export interface Asked {
  readonly headers: Headers;
  readonly from: number;
  /** The last byte itself, as in the header. */
  readonly last: number;
  /** Requests before this one. */
  readonly index: number;
}

/** A correct server. `change` alters its answers. */
export function server(
  bytes: Uint8Array,
  change: (answer: Answer, asked: Asked) => void = () => {},
): { fetch: typeof fetch; requests: Asked[]; inits: RequestInit[] } {
  const requests: Asked[] = [];
  const inits: RequestInit[] = [];
  const answerTo: typeof fetch = async (_, init = {}) => {
    const headers = new Headers(init.headers);
    const [, from, last] = (/^bytes=(\d+)-(\d+)$/.exec(headers.get('range') ?? '') ?? []).map(
      Number,
    );
    const asked = { headers, from: from ?? -1, last: last ?? -1, index: requests.length };
    requests.push(asked);
    inits.push(init);
    const answer = part(bytes, asked.from, asked.last);
    change(answer, asked);
    return new Response(answer.body as Uint8Array<ArrayBuffer>, answer);
  };
  return { fetch: answerTo, requests, inits };
}

function part(bytes: Uint8Array, from: number, last: number): Answer {
  const body = bytes.slice(from, last + 1);
  const headers = { 'content-range': `bytes ${from}-${from + body.length - 1}/${bytes.length}` };
  return { status: 206, headers, body };
}

/** Turns the answer into that of a server without ranges. */
export function whole(answer: Answer, bytes: Uint8Array = file): void {
  answer.status = 200;
  answer.headers = { 'content-length': String(bytes.length) };
  answer.body = bytes;
}

// Sets `validators`, because by default a page of another origin sends no If-Range.
export const open = (
  fetching: { fetch: typeof fetch },
  init: HttpSourceInit = {},
): Promise<RandomAccessSource> =>
  httpSource(URL_, { retryDelay: 0, validators: 'if-range', ...init, fetch: fetching.fetch });

/** Quicker than toEqual on many bytes. */
export function expectSame(read: Uint8Array, expected: Uint8Array): void {
  expect(read).toBeInstanceOf(Uint8Array);
  expect(read.length).toBe(expected.length);
  expect(equalBytes(read, expected)).toBe(true);
}

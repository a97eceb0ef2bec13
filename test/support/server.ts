// Servers of node:http that answer Range requests correctly or wrongly, and record the requests.

import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';

/** Answers a request. `first` and `last` come from its Range. */
export type Answer = (
  response: ServerResponse,
  asked: { first: number; last: number; request: IncomingMessage; index: number },
) => void;

export interface Served {
  /** The URL of a file on the server. */
  readonly url: string;
  readonly origin: string;
  /** Range, If-Range and all headers of each request. */
  readonly ranges: (string | undefined)[];
  readonly conditions: (string | undefined)[];
  readonly headers: IncomingHttpHeaders[];
  /** Whether the response of each connection has ended or was aborted. */
  readonly closed: boolean[];
  readonly server: Server;
}

/**
 * Listens until the test ends. Each answer is for one request; the last one is for all further requests.
 */
export async function serve(...answers: Answer[]): Promise<Served> {
  const ranges: (string | undefined)[] = [];
  const conditions: (string | undefined)[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const closed: boolean[] = [];
  const listener: RequestListener = (request, response) => {
    const index = ranges.length;
    ranges.push(request.headers.range);
    conditions.push(request.headers['if-range'] as string | undefined);
    headers.push(request.headers);
    response.on('close', () => {
      closed[index] = true;
    });
    const [first = 0, last = 0] = (request.headers.range?.match(/\d+/g) ?? []).map(Number);
    (answers[Math.min(index, answers.length - 1)] as Answer)(response, {
      first,
      last,
      request,
      index,
    });
  };
  const server = createServer(listener);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return { url: `${origin}/app.sealed`, origin, ranges, conditions, headers, closed, server };
}

/** Answers correctly with the requested range of `bytes`. */
export const partOf =
  (bytes: Uint8Array, headers: Record<string, string> = { ETag: '"v1"' }): Answer =>
  (response, { first, last }) => {
    const end = Math.min(last + 1, bytes.length);
    response.writeHead(206, {
      'Content-Range': `bytes ${first}-${end - 1}/${bytes.length}`,
      'Content-Length': end - first,
      ...headers,
    });
    response.end(bytes.subarray(first, end));
  };

/** Answers with a status and an irrelevant body. */
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end('x'.repeat(1000));

/** Ignores ranges. `announced`: whether the headers have the length. */
export const whole =
  (bytes: Uint8Array, announced = true, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(200, announced ? { 'Content-Length': bytes.length, ...headers } : headers);
    response.end(bytes);
  };

/** Waits up to twenty seconds, because a busy machine may take long to tell of an end. */
export const until = async (holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 4000 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(holds()).toBe(true);
};

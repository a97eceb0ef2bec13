// A static file server with validators and ranges, whose answers a proxy changes as badly as a test wants.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StoreFiles } from './update.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Ends the connection after so many bytes of the body. */
  readonly cutAt?: number;
}

interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  /** How often this path was asked for before. */
  readonly times: number;
}

/** Changes the answer of the server. `ask` repeats the request with other headers. */
export type Fault = (
  asked: Asked,
  answer: Answer,
  ask: (headers: Readonly<Record<string, string>>) => Answer,
) => Answer;

export interface Cdn {
  readonly url: string;
  readonly asked: (Asked & { readonly status: number; readonly sent: number })[];
  fault: Fault;
  close(): void;
}

const TIME = new Date(Date.UTC(2026, 10, 27)).toUTCString();

/** The answer of a server that does everything right. */
function serve(store: StoreFiles, path: string, asked: Readonly<Record<string, unknown>>): Answer {
  const whole = store.get(path);
  if (whole === undefined) {
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: new Uint8Array(0) };
  }
  const etag = `"${createHash('md5').update(whole).digest('hex')}"`;
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'last-modified': TIME,
    'cache-control': path.startsWith('objects/') ? 'max-age=31536000, immutable' : 'no-cache',
  };
  if (asked['if-none-match'] === etag) return { status: 304, headers, body: new Uint8Array(0) };
  const range = /^bytes=(\d+)-$/.exec(String(asked['range'] ?? ''));
  if (range === null) return { status: 200, headers, body: whole };
  const start = Number(range[1]);
  const part = { 'content-range': `bytes ${start}-${whole.length - 1}/${whole.length}` };
  return { status: 206, headers: { ...headers, ...part }, body: whole.subarray(start) };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const sound: Fault = (_asked, answer) => answer;

export async function openCdn(store: StoreFiles, fault: Fault = sound): Promise<Cdn> {
  const times = new Map<string, number>();
  const server = createServer((request: IncomingMessage, response) => {
    const path = (request.url ?? '/').slice(1);
    const { range } = request.headers;
    const asked = { path, range, times: times.get(path) ?? 0 };
    times.set(path, asked.times + 1);
    const answer = cdn.fault(asked, serve(store, path, request.headers), (headers) =>
      serve(store, path, headers),
    );
    const { status, headers, body, cutAt } = answer;
    const sent = Math.min(cutAt ?? body.length, body.length);
    cdn.asked.push({ ...asked, status, sent });
    const isChunked = headers['transfer-encoding'] !== undefined || status === 304;
    response.writeHead(status, {
      ...(!isChunked && { 'content-length': String(body.length) }),
      ...headers,
    });
    if (cutAt === undefined) {
      response.end(body);
    } else {
      response.write(body.subarray(0, cutAt), () => request.socket.destroy());
    }
  });
  const cdn: Cdn = {
    url: await listen(server),
    asked: [],
    fault,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return cdn;
}

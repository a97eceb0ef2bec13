// A static file server for stores, with CORS and the cache headers of the guide, or with others.

import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface StoreServer {
  readonly url: string;
  readonly requests: IncomingMessage[];
}

const IMMUTABLE = 'public, max-age=31536000, immutable';

/** Sends the content. A browser that is being closed may ask for a file that the end of a test has removed meanwhile. */
export function sendFile(file: string, response: ServerResponse): void {
  createReadStream(file)
    .on('error', (error) => response.destroy(error))
    .pipe(response);
}

/** @param answer - Returns true if it has answered the request itself. */
export async function serveStore(
  folder: string,
  answer: (path: string, response: ServerResponse) => boolean = () => false,
  cacheControl: (path: string) => string = (path) =>
    path.startsWith('/objects/') ? IMMUTABLE : 'no-cache',
): Promise<StoreServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (answer(pathname, response)) return;
    const file = join(folder, pathname);
    try {
      response.setHeader('Content-Length', statSync(file).size);
    } catch {
      response.writeHead(404).end('not found');
      return;
    }
    response.setHeader('Cache-Control', cacheControl(pathname));
    sendFile(file, response);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests };
}

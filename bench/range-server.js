// @ts-check A web server for one file with Range requests, which counts requests and bytes.

import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';

/** @param {string} path */
export async function serveFile(path) {
  const { size } = statSync(path);
  const counted = { requests: 0, bytes: 0 };
  const server = createServer((request, response) => {
    counted.requests += 1;
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(size, Number(range?.[2] || size - 1) + 1);
    response.writeHead(range === null ? 200 : 206, {
      'accept-ranges': 'bytes',
      'content-length': end - start,
      'content-type': 'application/octet-stream',
      etag: '"the-only-one"',
      ...(range !== null && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    });
    counted.bytes += end - start;
    createReadStream(path, { start, end: end - 1, highWaterMark: 2 ** 19 }).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/bundle`,
    /** Returns the counts since the last call. */
    takeCount() {
      const taken = { ...counted };
      counted.requests = 0;
      counted.bytes = 0;
      return taken;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

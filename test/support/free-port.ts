// A port for a server that can not be told to take any.

import { createServer } from 'node:net';

// Linux, macOS and Windows give connections of programs ports from 32768 or 49152 on. A port below is not taken meanwhile.
const FIRST = 20_000;
// For each process of Vitest: two of them must not take the same port between the search and its use.
const COUNT = 500;
const POOL = Number(process.env['VITEST_POOL_ID'] ?? 0) % 24;

/** Finds a port of 127.0.0.1 on which nobody listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + COUNT * POOL + Math.floor(Math.random() * COUNT);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

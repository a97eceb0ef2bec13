// A hundred readers of one bundle on a web server.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encryptBundle, httpSource, openBundle } from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { same } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const plain = bytesOf(3_000_000);
const { bytes } = await encryptBundle(plain, { privateKey: keyB.pkcs8, chunkSize: 65_536 });
let requests = 0;
const server = createServer((request, response) => {
  requests += 1;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const from = Number(first);
  const to = Math.min(Number(last) + 1, bytes.length);
  response.writeHead(206, {
    etag: '"one"',
    'content-range': `bytes ${from}-${to - 1}/${bytes.length}`,
    'content-length': to - from,
  });
  response.end(bytes.subarray(from, to));
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

it('a hundred readers over one web server read the right bytes', async () => {
  const { port } = server.address() as AddressInfo;
  const wrong: string[] = [];
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const source = await httpSource(`http://127.0.0.1:${port}/bundle`);
      const reader = await openBundle(source, { publicKey: keyB.spki });
      for (let j = 0; j < 10; j++) {
        const offset = (i * 7919 + j * 104_729) % plain.length;
        const part = await reader.read(offset, 100_000);
        if (!same(part, plain.subarray(offset, offset + 100_000))) wrong.push(`${i} ${offset}`);
      }
      reader.close();
    }),
  );
  expect(wrong).toEqual([]);
  expect(requests).toBeGreaterThan(500);
});

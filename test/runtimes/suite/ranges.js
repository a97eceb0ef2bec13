import { encryptBundle, httpSource, openBundle } from 'bundleseal';
import { base64, collect, sample } from './bytes.js';
import { equal, equalBytes, refused } from './check.js';

export function* tests({ vectors, backends }) {
  const { sealed } = vectors;
  const { b } = sealed.keys;
  const plain = sample(500_003);

  for (const backend of backends) {
    yield [
      `reads any part, ${backend}`,
      async () => {
        const { bytes } = await encryptBundle(plain, { privateKey: b.pkcs8, chunkSize: 16_384 });
        let fetched = 0;
        const source = {
          size: bytes.length,
          read: async (offset, length) => {
            fetched += length;
            return bytes.slice(offset, offset + length);
          },
        };
        const reader = await openBundle(source, { publicKey: b.spki, backend });
        equalBytes(await reader.read(400_000, 1000), plain.slice(400_000, 401_000));
        equal(fetched < 60_000, true, 'only what is needed was fetched');
        equalBytes(await collect(reader.stream(499_000)), plain.slice(499_000), 'stream');
        reader.close();
      },
    ];
  }

  yield [
    'opens the vectors out of a Blob',
    async () => {
      for (const vector of sealed.good) {
        const publicKey = sealed.keys[vector.key].spki;
        const reader = await openBundle(new Blob([base64(vector.sealed)]), { publicKey });
        const { size } = reader.info;
        equalBytes(await reader.read(0, size), base64(vector.plain), vector.description);
        reader.close();
      }
    },
  ];

  yield [
    'reads a bundle on a server by its ranges',
    async () => {
      const { bytes } = await encryptBundle(plain, { privateKey: b.pkcs8, chunkSize: 16_384 });
      const source = await httpSource('http://bundles.test/1', { fetch: serving(bytes) });
      const reader = await openBundle(source, { publicKey: b.spki });
      equalBytes(await reader.read(123_456, 789), plain.slice(123_456, 124_245));
      reader.close();
    },
  ];

  yield [
    'refuses an altered chunk, and gives the others',
    async () => {
      const { bytes } = await encryptBundle(plain, { privateKey: b.pkcs8, chunkSize: 16_384 });
      bytes[bytes.length - 1] ^= 1;
      const reader = await openBundle(bytes, { publicKey: b.spki });
      await refused(() => reader.read(plain.length - 10, 10), 'ERR_CHUNK_INVALID');
      equalBytes(await reader.read(0, 10), plain.slice(0, 10));
      reader.close();
    },
  ];
}

/** A server's answers, made of the runtime's own Response. */
function serving(bytes) {
  return async (_url, init) => {
    const range = new Headers(init?.headers).get('range') ?? '';
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
    if (first === undefined) return new Response(bytes);
    const end = Math.min(Number(last) + 1, bytes.length);
    const part = bytes.slice(Number(first), end);
    const headers = {
      'content-range': `bytes ${first}-${end - 1}/${bytes.length}`,
      'content-length': String(part.length),
      etag: '"1"',
    };
    return new Response(part, { status: 206, headers });
  };
}

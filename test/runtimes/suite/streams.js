import { decryptBundle, decryptStream, encryptStream } from 'bundleseal';
import { base64, collect, sample, streamOf } from './bytes.js';
import { equalBytes, refused } from './check.js';

export function* tests({ vectors, backends }) {
  const { sealed } = vectors;
  const { b } = sealed.keys;
  const plain = sample(700_001);

  for (const backend of backends) {
    yield [
      `seals and opens, ${backend}`,
      async () => {
        const made = encryptStream(streamOf(plain, 70_001), { privateKey: b.pkcs8, backend });
        const body = await collect(made.body);
        const options = { publicKey: b.spki, seal: await made.seal, backend };
        equalBytes(await collect(decryptStream(streamOf(body, 50_003), options)), plain);
        equalBytes(await decryptBundle(body, options), plain, 'in memory');
      },
    ];
  }

  yield [
    'opens the vectors',
    async () => {
      for (const vector of sealed.good) {
        const options = { publicKey: sealed.keys[vector.key].spki };
        const opened = await collect(decryptStream(streamOf(base64(vector.sealed)), options));
        equalBytes(opened, base64(vector.plain), vector.description);
      }
    },
  ];

  yield [
    'refuses the vectors that are not to be opened',
    async () => {
      // The checksum of the whole is for who has the whole: a stream has every chunk's digest, signed.
      const bad = sealed.bad.filter(({ code }) => code !== 'ERR_CHECKSUM_MISMATCH');
      for (const vector of bad) {
        const options = { publicKey: sealed.keys[vector.key].spki };
        const work = () => collect(decryptStream(streamOf(base64(vector.sealed)), options));
        await refused(work, vector.code);
      }
    },
  ];

  yield [
    'works through the platform: a Blob in, pipeTo out',
    async () => {
      const made = encryptStream(new Blob([plain]).stream(), { privateKey: b.pkcs8 });
      const body = new Uint8Array(await new Response(made.body).arrayBuffer());
      const parts = [];
      const sink = new WritableStream({ write: (part) => void parts.push(part.slice()) });
      const options = { publicKey: b.spki, seal: await made.seal };
      await decryptStream(new Blob([body]).stream(), options).pipeTo(sink);
      equalBytes(new Uint8Array(await new Blob(parts).arrayBuffer()), plain);
    },
  ];
}

// A build machine seals bundles, in any runtime that has a source of randomness.

import { decryptBundle, encryptBundle, keygen, keyId, publicKeyOf, resealBundle } from 'bundleseal';
import { base64, hex, sample } from './bytes.js';
import { equal, equalBytes, failure } from './check.js';
import { withDraws } from './fixed-random.js';

export function* tests({ vectors, backends }) {
  const { sealed } = vectors;
  const { a, b } = sealed.keys;

  yield [
    'makes a key pair that seals and opens',
    async () => {
      const pair = await keygen({ modulusBits: 3072 });
      equal(await publicKeyOf(pair.privateKey), pair.publicKey);
      equal(await keyId(pair.privateKey), pair.keyId);
      const { bytes } = await encryptBundle(sample(1000), { privateKey: pair.privateKey });
      equalBytes(await decryptBundle(bytes, { publicKey: pair.publicKey }), sample(1000));
    },
  ];

  for (const backend of backends) {
    yield [
      `the same bytes from the same session key, ${backend}`,
      async () => {
        for (const vector of sealed.good) {
          const { metadata, chunkSize } = vector;
          const privateKey = sealed.keys[vector.key].pkcs8;
          const options = { privateKey, chunkSize, backend, ...(metadata && { metadata }) };
          const made = await withDraws([hex(vector.sessionKey)], () =>
            encryptBundle(base64(vector.plain), options),
          );
          equalBytes(made.bytes, base64(vector.sealed), vector.description);
          equal(made.seal, vector.seal);
          equal(made.checksum, vector.checksum);
        }
      },
    ];
  }

  yield [
    'seals megabytes, attached and detached',
    async () => {
      const plain = sample(3_000_001);
      const made = await encryptBundle(plain, { privateKey: b.pkcs8 });
      equalBytes(await decryptBundle(made.bytes, { publicKey: b.spki }), plain);
      const apart = { publicKey: [a.spki, b.spki], seal: made.seal };
      equalBytes(await decryptBundle(made.ciphertext, apart), plain);
    },
  ];

  yield [
    'seals and opens a Blob',
    async () => {
      const { bytes } = await encryptBundle(new Blob([sample(300_000)]), { privateKey: b.pkcs8 });
      const opened = await decryptBundle(new Blob([bytes]), { publicKey: b.spki });
      equalBytes(opened, sample(300_000));
    },
  ];

  yield [
    'reseals for another key',
    async () => {
      const made = await encryptBundle(sample(5000), { privateKey: b.pkcs8 });
      const seal = await resealBundle(made.seal, { publicKey: b.spki, privateKey: a.pkcs8 });
      const opened = await decryptBundle(made.ciphertext, { publicKey: a.spki, seal });
      equalBytes(opened, sample(5000));
    },
  ];

  yield [
    'stops when it is aborted, with the reason',
    async () => {
      const controller = new AbortController();
      const reason = new Error('enough');
      const error = await failure(() =>
        encryptBundle(sample(2_000_000), {
          privateKey: b.pkcs8,
          chunkSize: 4096,
          signal: controller.signal,
          onProgress: () => controller.abort(reason),
        }),
      );
      equal(error, reason);
    },
  ];
}

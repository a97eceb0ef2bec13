// The code that runs inside Chromium; bundled from dist/ and src/.

import { decryptBundle, decryptStream, encryptBundle, keygen } from '../dist/index.js';
import { crossCheck, headerByHand, secretsByHand } from './by-hand.js';
import { readJwk } from './by-hand-rsa.js';
import { decryptBare, encryptBare } from './by-hand-webcrypto.js';
import { decryptStreamBare } from './by-hand-webcrypto-stream.js';
import { mustAgree, readSealed, sameBytes } from './format.js';
import { countBytes, piecesOf } from './pieces.js';
import { measureSealInJavaScript } from './rsa-javascript.js';
import { interleave } from './timing.js';

async function measureThroughput({ privateKey, publicKey, jwk, size, rounds }) {
  const backend = 'webcrypto';
  const key = readJwk(jwk);
  const small = randomBundle(2 ** 20 + 1);
  await crossCheck('crypto.subtle', small, {
    key,
    sealed: (await encryptBundle(small, { privateKey, backend })).bytes,
    open: (sealed) => decryptBundle(sealed, { publicKey, backend }),
    encrypt: encryptBare,
    decrypt: decryptBare,
  });

  const plain = randomBundle(size);
  const { bytes } = await encryptBundle(plain, { privateKey, backend });
  const sealed = readSealed(bytes);
  const secrets = secretsByHand(sealed, key);
  const encrypt = await interleave(
    {
      bundleseal: () => encryptBundle(plain, { privateKey, backend }),
      'bare crypto.subtle': () => encryptBare(plain),
      'bare crypto.subtle, with RSA': async () => {
        const parts = await encryptBare(plain);
        return { header: headerByHand(parts, key, sealed.keyId), parts };
      },
    },
    { rounds },
  );
  const decrypt = await interleave(
    {
      bundleseal: () => decryptBundle(bytes, { publicKey, backend }),
      'bare crypto.subtle': () => decryptBare(sealed, secrets),
      'bare crypto.subtle, with RSA': () => decryptBare(sealed, secretsByHand(sealed, key)),
    },
    { rounds },
  );
  return { encrypt, decrypt };
}

async function measureStream({ privateKey, publicKey, jwk, size, rounds }) {
  const backend = 'webcrypto';
  const { bytes, digest } = await sealRandom(size, privateKey);
  const sealed = readSealed(bytes);
  const secrets = secretsByHand(sealed, readJwk(jwk));
  const ours = (use) => countBytes(decryptStream(piecesOf(bytes), { publicKey, backend }), use);
  const bare = (use) => decryptStreamBare(piecesOf(bytes), sealed, secrets, use);
  for (const [name, open] of Object.entries({ decryptStream: ours, 'crypto.subtle': bare })) {
    const same = sameBytes(await digestOfStream(size, open), digest);
    mustAgree(same, `${name} does not give the bytes that were sealed`);
  }
  const countBare = async () => {
    let count = 0;
    await bare((plain) => {
      count += plain.length;
    });
    return count;
  };
  return interleave({ bundleseal: () => ours(), 'bare crypto.subtle': countBare }, { rounds });
}

async function sealRandom(size, privateKey) {
  const plain = randomBundle(size);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', plain));
  const { bytes } = await encryptBundle(plain, { privateKey, backend: 'webcrypto' });
  return { bytes, digest };
}

async function digestOfStream(size, open) {
  const collected = new Uint8Array(size);
  let at = 0;
  await open((piece) => {
    collected.set(piece, at);
    at += piece.length;
  });
  mustAgree(at === size, `${at} bytes come out of ${size}`);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', collected));
}

async function measureKeygen({ modulusBits, rounds }) {
  const make = () => keygen({ modulusBits, backend: 'webcrypto' });
  return (await interleave({ make }, { rounds, warmUps: 0 })).make;
}

function randomBundle(size) {
  const bundle = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) {
    crypto.getRandomValues(bundle.subarray(at, at + 65_536));
  }
  return bundle;
}

globalThis.bench = { measureThroughput, measureStream, measureKeygen, measureSealInJavaScript };

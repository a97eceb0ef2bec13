// What runs inside Chromium; bundled from dist/ and src/.

import { decryptBundle, encryptBundle, keygen } from '../dist/index.js';
import { crossCheck, headerByHand, secretsByHand } from './by-hand.js';
import { readJwk } from './by-hand-rsa.js';
import { decryptBare, encryptBare } from './by-hand-webcrypto.js';
import { measureSealInJavaScript } from './rsa-javascript.js';
import { interleave } from './timing.js';
import { readSealed } from './wire.js';

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

globalThis.bench = { measureThroughput, measureKeygen, measureSealInJavaScript };

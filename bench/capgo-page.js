// The code for Capgo's format that runs inside Chromium; bundled from dist/.

import { decryptBundle, encryptBundle } from '../dist/capgo.js';
import { mustAgree, sameBytes } from './format.js';
import { interleave } from './timing.js';

const NAME = 'AES-CBC';

async function measureCapgo({ privateKey, publicKey, size, rounds }) {
  await crossCheck({ privateKey, publicKey });
  const zip = randomZip(size);
  const { bundle, ivSessionKey, checksum } = await encryptBundle(zip, { privateKey });
  const received = { ivSessionKey, checksum };
  const secrets = await encryptBare(zip);
  const encrypt = await interleave(
    {
      bundleseal: () => encryptBundle(zip, { privateKey }),
      'bare crypto.subtle': () => encryptBare(zip),
    },
    { rounds },
  );
  const decrypt = await interleave(
    {
      bundleseal: () => decryptBundle(bundle, { publicKey, ...received }),
      'bare crypto.subtle': () => decryptBare(secrets),
    },
    { rounds },
  );
  return { encrypt, decrypt };
}

/** Runs both at once, like a good implementation. */
async function encryptBare(zip) {
  const key = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(16));
  const imported = await crypto.subtle.importKey('raw', key, NAME, false, ['encrypt']);
  const [bundle, digest] = await Promise.all([
    crypto.subtle.encrypt({ name: NAME, iv }, imported, zip),
    crypto.subtle.digest('SHA-256', zip),
  ]);
  return { bundle, digest: new Uint8Array(digest), key, iv };
}

async function decryptBare({ bundle, digest, key, iv }) {
  const imported = await crypto.subtle.importKey('raw', key, NAME, false, ['decrypt']);
  const zip = await crypto.subtle.decrypt({ name: NAME, iv }, imported, bundle);
  const found = new Uint8Array(await crypto.subtle.digest('SHA-256', zip));
  mustAgree(sameBytes(found, digest), 'bare crypto.subtle does not return the encrypted bytes');
  return new Uint8Array(zip);
}

async function crossCheck({ privateKey, publicKey }) {
  const zip = randomZip(2 ** 20 + 1);
  const bare = await encryptBare(zip);
  mustAgree(
    sameBytes(await decryptBare(bare), zip),
    'bare crypto.subtle does not agree with itself',
  );
  const { bundle, ivSessionKey, checksum } = await encryptBundle(zip, { privateKey });
  const received = { ivSessionKey, checksum };
  // The cipher is the same, so length and padding have to be equal.
  mustAgree(bundle.length === bare.bundle.byteLength, 'bare crypto.subtle makes another length');
  const opened = await decryptBundle(bundle, { publicKey, ...received });
  mustAgree(sameBytes(opened, zip), 'the library does not open its own bundle');
}

function randomZip(size) {
  const zip = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(zip.subarray(at, at + 65_536));
  return zip;
}

globalThis.bench = { measureCapgo };

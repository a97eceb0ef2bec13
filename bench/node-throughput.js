// @ts-check Compares sealing and opening in memory on Node with direct implementations, for each backend.

import { createHash, createPrivateKey, privateEncrypt, randomFillSync } from 'node:crypto';
import { decryptBundle, encryptBundle, keygen } from '../dist/index.js';
import { crossCheck, headerByHand, secretsByHand } from './by-hand.js';
import * as noble from './by-hand-noble.js';
import { decryptByHand, encryptByHand } from './by-hand-node.js';
import { lengthOf, readJwk } from './by-hand-rsa.js';
import * as webcrypto from './by-hand-webcrypto.js';
import {
  CHUNK_SIZE,
  chunkCount,
  join,
  mustAgree,
  readSealed,
  sameBytes,
  TAG_LENGTH,
  writeHead,
  writePayload,
} from './format.js';
import { TARGETS } from './targets.js';
import { interleave } from './timing.js';

const MIB = 2 ** 20;
const SLICE = 32_768;
const SIZES = { node: [4, 64], webcrypto: [4, 64], noble: [4, 16] };
const BARE = { noble, webcrypto };

/** @typedef {Awaited<ReturnType<typeof keygen>>} KeyPair */
/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */

/** @param {Report} report @param {{ effort: number }} settings */
export async function measureNode(report, { effort }) {
  const pair = await keygen();
  await crossCheckNode(pair);
  report.begin(
    'node',
    'Node: encryptBundle and decryptBundle, RSA-4096, 256 KiB chunks. By hand: AES-256-GCM a chunk, one SHA-256, one RSA operation, in one thread, fresh output',
  );
  for (const mib of SIZES.node) {
    const rounds = Math.ceil((mib > 16 ? 21 : 31) * effort);
    await measureBesideNodeCrypto(report, pair, mib, rounds);
  }
  for (const name of /** @type {const} */ (['webcrypto', 'noble'])) {
    await crossCheckBare(name, pair);
    report.begin(
      name,
      `Node, ${name} backend. Bare: the primitives over chunks, with the digest of each and of the whole; with RSA: CRT by micro-rsa-dsa-dh, checked, not blinded`,
    );
    for (const mib of SIZES[name]) {
      const rounds = Math.ceil((name === 'noble' && mib === 16 ? 31 : 15) * effort);
      await measureBesideBare(report, name, pair, mib, rounds);
    }
  }
}

/** @param {Report} report @param {KeyPair} pair @param {number} mib @param {number} rounds */
async function measureBesideNodeCrypto(report, { privateKey, publicKey }, mib, rounds) {
  const plain = randomBundle(mib * MIB);
  const reused = Buffer.alloc(plain.length + TAG_LENGTH * chunkCount(plain.length));
  // The RSA operation dominates a small bundle, so only the large one has a target.
  const options = { bytes: plain.length, ...(mib === 64 && { target: TARGETS.nodeRatio }) };
  const encrypting = {
    bundleseal: () => encryptBundle(plain, { privateKey, backend: 'node' }),
    'by hand, whole chunks': () => encryptByHand(plain, privateKey),
    'by hand, 32 KiB slices': () => encryptByHand(plain, privateKey, { slice: SLICE }),
    'by hand, 32 KiB slices, digest of each chunk (same work)': () =>
      encryptByHand(plain, privateKey, { slice: SLICE, digests: true }),
    'by hand, 32 KiB slices, output reused (less work)': () =>
      encryptByHand(plain, privateKey, { slice: SLICE, out: reused }),
  };
  report.compare(
    `encryptBundle ${mib} MiB`,
    await interleave(encrypting, { rounds, warmUps: 2 }),
    options,
  );
  const { bytes } = await encryptBundle(plain, { privateKey });
  const sealed = readSealed(bytes);
  const decrypting = {
    bundleseal: () => decryptBundle(bytes, { publicKey, backend: 'node' }),
    'by hand, whole chunks': () => decryptByHand(sealed, publicKey),
    'by hand, 32 KiB slices': () => decryptByHand(sealed, publicKey, { slice: SLICE }),
    'by hand, 32 KiB slices, digest of each chunk (same work)': () =>
      decryptByHand(sealed, publicKey, { slice: SLICE, digests: true }),
    'by hand, 32 KiB slices, output reused (less work)': () =>
      decryptByHand(sealed, publicKey, { slice: SLICE, out: reused }),
  };
  report.compare(
    `decryptBundle ${mib} MiB`,
    await interleave(decrypting, { rounds, warmUps: 2 }),
    options,
  );
}

/** @param {Report} report @param {'noble' | 'webcrypto'} name @param {KeyPair} pair @param {number} mib @param {number} rounds */
async function measureBesideBare(report, name, { privateKey, publicKey }, mib, rounds) {
  const { encryptBare, decryptBare } = BARE[name];
  const plain = randomBundle(mib * MIB);
  const key = numbersOf(privateKey);
  const { bytes } = await encryptBundle(plain, { privateKey });
  const sealed = /** @type {any} */ (readSealed(bytes));
  const secrets = /** @type {any} */ (secretsByHand(sealed, key));
  const encrypting = {
    bundleseal: () => encryptBundle(plain, { privateKey, backend: name }),
    'bare, with RSA': async () => {
      const parts = await encryptBare(plain);
      return { header: headerByHand(parts, key, sealed.keyId), parts };
    },
    'bare, without RSA': () => encryptBare(plain),
  };
  const options = {
    bytes: plain.length,
    ...(name === 'noble' && mib === 16 && { target: TARGETS.nobleRatio }),
  };
  report.compare(`encryptBundle ${mib} MiB`, await interleave(encrypting, { rounds }), options);
  const decrypting = {
    bundleseal: () => decryptBundle(bytes, { publicKey, backend: name }),
    'bare, with RSA': () => decryptBare(sealed, /** @type {any} */ (secretsByHand(sealed, key))),
    'bare, without RSA': () => decryptBare(sealed, secrets),
  };
  report.compare(`decryptBundle ${mib} MiB`, await interleave(decrypting, { rounds }), options);
}

/** @param {KeyPair} pair */
async function crossCheckNode({ privateKey, publicKey }) {
  const plain = randomBundle(MIB + 1);
  const reused = Buffer.alloc(plain.length + TAG_LENGTH * chunkCount(plain.length));
  const ours = await encryptBundle(plain, { privateKey, backend: 'node' });
  const sealed = readSealed(ours.bytes);
  const variants = [{}, { slice: SLICE }, { slice: SLICE, out: reused }, { digests: true }];
  for (const options of variants) {
    const opened = decryptByHand(sealed, publicKey, options).subarray(0, plain.length);
    mustAgree(sameBytes(opened, plain), 'node:crypto by hand does not open what the library seals');
    const { body, sessionKey, checksum } = encryptByHand(plain, privateKey, options);
    const digests = join(...chunksOf(body).map(digestOf));
    const signatureLength = lengthOf(numbersOf(privateKey));
    const head = writeHead({ size: plain.length, keyId: sealed.keyId, digests, signatureLength });
    const payload = writePayload(sessionKey, checksum, digestOf(head));
    const whole = join(head, privateEncrypt(privateKey, payload), body);
    const byUs = await decryptBundle(whole, { publicKey });
    mustAgree(sameBytes(byUs, plain), 'the library does not open what node:crypto by hand seals');
  }
}

/** @param {'noble' | 'webcrypto'} name @param {KeyPair} pair */
async function crossCheckBare(name, { privateKey, publicKey }) {
  const { encryptBare, decryptBare } = BARE[name];
  const bundle = randomBundle(MIB + 1);
  const { bytes } = await encryptBundle(bundle, { privateKey, backend: name });
  await crossCheck(name, bundle, {
    key: numbersOf(privateKey),
    sealed: bytes,
    open: (sealed) => decryptBundle(sealed, { publicKey, backend: name }),
    encrypt: /** @type {any} */ (encryptBare),
    decrypt: /** @type {any} */ (decryptBare),
  });
}

/** @param {number} size */
function randomBundle(size) {
  return randomFillSync(new Uint8Array(size));
}

/** @param {string} privateKey */
function numbersOf(privateKey) {
  return readJwk(/** @type {any} */ (createPrivateKey(privateKey).export({ format: 'jwk' })));
}

/** @param {Uint8Array} body */
function chunksOf(body) {
  const stride = CHUNK_SIZE + TAG_LENGTH;
  return Array.from({ length: Math.ceil(body.length / stride) }, (_, i) =>
    body.subarray(i * stride, (i + 1) * stride),
  );
}

/** @param {Uint8Array} bytes */
function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest();
}

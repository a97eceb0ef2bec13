// @ts-check
// The seal in pure JavaScript. It imports src/, so it is always bundled first: for Node and for a page.

import { pow } from 'micro-rsa-dsa-dh/utils.js';
import { parsePrivateKey, parsePublicKey } from '../src/keys/parse.ts';
import { recoverSeal, signSeal } from '../src/seal/seal.ts';
import { blockOf } from './by-hand-rsa.js';
import { mustAgree, sameBytes, writePayload } from './format.js';
import { interleave, median } from './timing.js';

// A backend without native RSA, as every browser's is.
const NO_NATIVE_RSA = /** @type {any} */ ({ name: 'webcrypto' });

/** @param {{ privateKey: string, publicKey: string }} pair - PEM. @param {{ rounds: number }} settings */
export async function measureSealInJavaScript(pair, { rounds }) {
  const privateKey = parsePrivateKey(pair.privateKey);
  const publicKey = parsePublicKey(pair.publicKey);
  const [sessionKey, checksum, headDigest] = Array.from({ length: 3 }, () =>
    crypto.getRandomValues(new Uint8Array(32)),
  );
  const secrets = /** @type {any} */ ({ sessionKey, checksum });
  const sign = () =>
    signSeal(NO_NATIVE_RSA, { privateKey, publicKey: privateKey }, secrets, headDigest);
  const signature = await sign();
  const payload = writePayload(secrets.sessionKey, secrets.checksum, headDigest);
  const message = blockOf(payload, signature.length);
  const signWithoutCrt = () => pow(message, privateKey.d, privateKey.n);
  mustAgree(
    signWithoutCrt() === BigInt(`0x${toHex(signature)}`),
    'the seal differs from m^d mod n',
  );
  const recover = () => recoverSeal(NO_NATIVE_RSA, publicKey, signature, headDigest);
  mustAgree(sameBytes((await recover()).sessionKey, secrets.sessionKey), 'the seal recovers');

  const recovering = await interleave({ recover }, { rounds, warmUps: 5, batch: 10 });
  const signing = await interleave({ sign, signWithoutCrt }, { rounds, warmUps: 2 });
  const share = median(signing.sign.times.map((ms, i) => ms / signing.signWithoutCrt.times[i]));
  return { recover: recovering.recover, ...signing, share };
}

/** @param {Uint8Array} bytes */
function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

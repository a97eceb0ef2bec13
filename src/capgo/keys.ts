// Capgo's keys: RSA-2048 in PKCS#1 PEM. Like Capgo's tools and plugin, the readers require the first line of PKCS#1.

import type { BackendChoice } from '../backend/backend.ts';
import { randomBytes } from '../backend/random.ts';
import { selectBackend } from '../backend/select.ts';
import { toBase64 } from '../base64.ts';
import { encodePkcs1Private, encodePkcs1Public, encodePkcs8 } from '../keys/encode.ts';
import { keyInvalid } from '../keys/explain.ts';
import type { KeyPair } from '../keys/keygen.ts';
import { parsePem, parsePrivateKey, parsePublicKey } from '../keys/parse.ts';
import { encodePem } from '../keys/pem.ts';
import type { RsaPrivateKey, RsaPublicKey } from '../keys/rsa.ts';
import { checkOptions, describe } from '../options.ts';
import { giveWay, untilAborted } from '../turn.ts';

/** The only key size of Capgo's plugin. */
export const CAPGO_BITS = 2048;

// Number of characters of the PEM's body that Capgo shows, stores and compares.
const KEY_ID_LENGTH = 20;

/** Options of {@link keygen}. */
export interface KeygenOptions {
  /** Aborts the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The backend that generates the pair. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/**
 * Makes a key pair for Capgo's tools and plugin: RSA-2048 with public exponent 65537, in PKCS#1 PEM.
 *
 * Capgo's format allows RSA-2048 only. For sealed bundles use `keygen` of `bundleseal`, which makes larger keys.
 * Capgo names the files of the two halves `.capgo_key_v2` and `.capgo_key_v2.pub`.
 *
 * @param options.signal - Aborts the call: it rejects with the signal's reason.
 * @returns Both halves in PEM, and the 20 characters by which Capgo names the pair.
 * @throws {@link BundleSealError} `ERR_BACKEND_UNAVAILABLE`.
 * @see RFC 8017 appendix A.1
 * @example
 * ```ts
 * import { keygen } from 'bundleseal/capgo';
 *
 * const { privateKey, publicKey, keyId } = await keygen();
 * console.log(publicKey.startsWith('-----BEGIN RSA PUBLIC KEY-----'), keyId, privateKey.length);
 * ```
 */
export async function keygen(options: KeygenOptions = {}): Promise<KeyPair> {
  checkOptions('keygen', options, { signal: 'signal', backend: 'any' });
  const { signal } = options;
  signal?.throwIfAborted();
  const backend = await selectBackend(options.backend);
  const pkcs8 = await (backend.generateKey === undefined
    ? generateInSteps(signal)
    : untilAborted(backend.generateKey(CAPGO_BITS), signal));
  let key: RsaPrivateKey;
  try {
    key = parsePrivateKey(pkcs8, 'privateKey', CAPGO_BITS);
  } finally {
    pkcs8.fill(0);
  }
  signal?.throwIfAborted();
  const der = encodePkcs1Private(key);
  const publicDer = encodePkcs1Public(key);
  const pair = {
    privateKey: encodePem('RSA PRIVATE KEY', der),
    publicKey: encodePem('RSA PUBLIC KEY', publicDer),
    keyId: idOf(publicDer),
  };
  der.fill(0);
  return pair;
}

async function generateInSteps(signal?: AbortSignal): Promise<Uint8Array> {
  const { generateRsaKey } = await import('../keys/primes.ts');
  return encodePkcs8(await generateRsaKey(CAPGO_BITS, randomBytes, () => giveWay(signal)));
}

/**
 * Returns the id by which Capgo names a public key: the first 20 characters of the base64 in its PEM. Some of them are
 * the same for every RSA-2048 key, so the id helps to distinguish keys but does not authenticate one.
 *
 * @param publicKey - RSA-2048 in PKCS#1 PEM: the content of `.capgo_key_v2.pub`.
 * @returns 20 characters.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`; `TypeError` for anything but a string.
 * @see docs/capgo.md
 * @example
 * ```ts
 * import { keygen, keyId } from 'bundleseal/capgo';
 *
 * const pair = await keygen();
 * console.log(keyId(pair.publicKey) === pair.keyId);
 * ```
 */
export function keyId(publicKey: string): string {
  return capgoKeyIdOf(readCapgoPublicKey(publicKey));
}

export function capgoKeyIdOf(key: RsaPublicKey): string {
  return idOf(encodePkcs1Public(key));
}

function idOf(publicDer: Uint8Array): string {
  return toBase64(publicDer, 'base64').slice(0, KEY_ID_LENGTH);
}

/** @throws {@link BundleSealError} `ERR_KEY_INVALID`. */
export function readCapgoPublicKey(pem: string): RsaPublicKey {
  const label = labelOf(pem, 'publicKey');
  if (label === 'RSA PRIVATE KEY') {
    throw keyInvalid(
      'this is a private key, and a public key is needed. Apps of the withdrawn V1 scheme contain a private key: every copy of such an app can make bundles, so make a new pair',
    );
  }
  checkLabel(label, 'RSA PUBLIC KEY');
  return parsePublicKey(pem, 'publicKey', CAPGO_BITS);
}

/** @throws {@link BundleSealError} `ERR_KEY_INVALID`. */
export function readCapgoPrivateKey(pem: string): RsaPrivateKey {
  const label = labelOf(pem, 'privateKey');
  if (label === 'RSA PUBLIC KEY') {
    throw keyInvalid('this is a public key, and a private key is needed: pass .capgo_key_v2');
  }
  checkLabel(label, 'RSA PRIVATE KEY');
  return parsePrivateKey(pem, 'privateKey', CAPGO_BITS);
}

function labelOf(pem: unknown, name: string): string {
  if (typeof pem !== 'string') {
    throw new TypeError(`options.${name} expected a PKCS#1 PEM string, got ${describe(pem)}`);
  }
  const { label, der } = parsePem(pem);
  der.fill(0);
  return label;
}

function checkLabel(label: string, wanted: string): void {
  if (label === wanted) return;
  throw keyInvalid(
    `Capgo accepts only PKCS#1, and this is a "${label}": pass a key that begins with "-----BEGIN ${wanted}-----", see keygen() of bundleseal/capgo`,
  );
}

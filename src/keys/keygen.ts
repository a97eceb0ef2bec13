// Makes key pairs with the generator of the runtime. In a runtime without one, `primes.ts` generates the pair.

import type { BackendChoice } from '../backend/backend.ts';
import { randomBytes } from '../backend/random.ts';
import { selectBackend } from '../backend/select.ts';
import { MODULUS_BITS } from '../format/limits.ts';
import { checkOptions, shown } from '../options.ts';
import { giveWay, untilAborted } from '../turn.ts';
import { encodePkcs1Private, encodePkcs1Public, encodePkcs8, encodeSpki } from './encode.ts';
import { keyIdOf } from './identity.ts';
import { encodePem } from './pem.ts';
import { readPrivateKey } from './read-private.ts';
import type { RsaPrivateKey } from './rsa.ts';

/** A key pair in PEM. */
export interface KeyPair {
  /** The secret half, for the build machine only: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`). */
  readonly privateKey: string;
  /** The half for the app: SubjectPublicKeyInfo (`PUBLIC KEY`) or PKCS#1 (`RSA PUBLIC KEY`). */
  readonly publicKey: string;
  /** The id of the pair, as `keyId` of the same entry computes it: 64 hex characters; in `bundleseal/capgo` 20 characters. */
  readonly keyId: string;
}

/** Options of {@link keygen}. */
export interface KeygenOptions {
  /** Bits of the RSA modulus. Default 4096. */
  readonly modulusBits?: 3072 | 4096;
  /** `'pkcs8'` (the default) pairs with SubjectPublicKeyInfo, `'pkcs1'` with PKCS#1. */
  readonly format?: 'pkcs8' | 'pkcs1';
  /** Aborts the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The backend that generates the pair. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/**
 * Makes an RSA key pair with public exponent 65537.
 *
 * Node and runtimes with `crypto.subtle` generate the pair natively in some tenths of a second, without blocking the
 * thread. Pure JavaScript takes a few seconds to a minute and pauses regularly, so that a page stays responsive.
 * `keygen` checks the pair for consistency before it returns it.
 *
 * @param options.modulusBits - 3072 or 4096 bits. Default 4096.
 * @param options.format - `'pkcs8'` (default) or `'pkcs1'`.
 * @param options.signal - Aborts: the call rejects with the signal's reason. A native generator cannot be stopped;
 * its result is discarded.
 * @returns Both halves in PEM, and their id.
 * @throws {@link BundleSealError} `ERR_BACKEND_UNAVAILABLE` if the runtime lacks the requested backend or a secure
 * source of randomness.
 * @throws `RangeError` or `TypeError` if an option has another value.
 * @see RFC 8017 §3, FIPS 186-5 appendix A.1.3
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 *
 * const { privateKey, publicKey, keyId } = await keygen();
 * ```
 */
export async function keygen(options: KeygenOptions = {}): Promise<KeyPair> {
  checkOptions('keygen', options, {
    modulusBits: 'any',
    format: 'any',
    signal: 'signal',
    backend: 'any',
  });
  const { modulusBits = MODULUS_BITS.default, format = 'pkcs8', signal } = options;
  if (modulusBits !== 3072 && modulusBits !== 4096) {
    throw new RangeError(`options.modulusBits expected 3072 or 4096, got ${shown(modulusBits)}`);
  }
  if (format !== 'pkcs8' && format !== 'pkcs1') {
    throw new TypeError("options.format expected 'pkcs8' or 'pkcs1'");
  }
  signal?.throwIfAborted();
  const backend = await selectBackend(options.backend);
  const key = await readGenerated(
    backend.generateKey === undefined
      ? generateInSteps(modulusBits, signal)
      : untilAborted(backend.generateKey(modulusBits), signal),
  );
  signal?.throwIfAborted();
  return {
    ...(format === 'pkcs8'
      ? {
          privateKey: pemAndWipe('PRIVATE KEY', encodePkcs8(key)),
          publicKey: encodePem('PUBLIC KEY', encodeSpki(key)),
        }
      : {
          privateKey: pemAndWipe('RSA PRIVATE KEY', encodePkcs1Private(key)),
          publicKey: encodePem('RSA PUBLIC KEY', encodePkcs1Public(key)),
        }),
    keyId: await keyIdOf(backend, key),
  };
}

async function generateInSteps(modulusBits: number, signal?: AbortSignal): Promise<Uint8Array> {
  const { generateRsaKey } = await import('./primes.ts');
  return encodePkcs8(await generateRsaKey(modulusBits, randomBytes, () => giveWay(signal)));
}

/** Reads the generated key with the checks of every other key, so that no inconsistent pair is returned. */
async function readGenerated(generated: Promise<Uint8Array>): Promise<RsaPrivateKey> {
  const pkcs8 = await generated;
  try {
    return await readPrivateKey(pkcs8);
  } finally {
    pkcs8.fill(0);
  }
}

function pemAndWipe(label: string, der: Uint8Array): string {
  const pem = encodePem(label, der);
  der.fill(0);
  return pem;
}

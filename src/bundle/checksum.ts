// The SHA-256 of a plain bundle, as `sha256sum` prints it.

import type { Backend, BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { equalBytes, fromHex, toHex } from '../bytes.ts';
import { chunkLayout, chunkPlace } from '../format/chunks.ts';
import { DEFAULT_CHUNK_SIZE } from '../format/limits.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, describe, type OptionRules, type WorkOptions } from '../options.ts';
import { type BundleInput, openInput, type Source } from '../sources/input.ts';
import { runChunks } from './chunk-loop.ts';
import { openSeal, readPublicKeys } from './open-header.ts';

/** Options of {@link checksum} and {@link verifyChecksum}. */
export interface ChecksumOptions extends WorkOptions {
  /** The backend that does the work. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

export const CHECKSUM_OPTIONS: OptionRules<ChecksumOptions> = {
  signal: 'signal',
  onProgress: 'function',
  backend: 'any',
};

/**
 * Computes the SHA-256 of a bundle. Reads a `Blob` in slices, in constant memory.
 *
 * @param bundle - The plain bundle.
 * @returns 64 lower-case hex characters, as `sha256sum` prints them.
 * @throws `TypeError` for another input, and for a wrong or unknown option. {@link BundleSealError}
 * `ERR_SOURCE_FAILED` if the Blob cannot be read; `ERR_BACKEND_UNAVAILABLE`.
 * @see FIPS 180-4
 * @example
 * ```ts
 * import { checksum } from 'bundleseal';
 *
 * console.log(await checksum(new TextEncoder().encode('abc')));
 * ```
 */
export async function checksum(
  bundle: BundleInput,
  options: ChecksumOptions = {},
): Promise<string> {
  checkOptions('checksum', options, CHECKSUM_OPTIONS);
  const source = openInput(bundle, 'bundle');
  const backend = await selectBackend(options.backend);
  return toHex(await hashSource(backend, source, options));
}

/**
 * Checks whether a bundle has the expected checksum.
 *
 * With a seal, the call first verifies the signature, and then compares the bundle with the signed checksum. Reads a
 * `Blob` in slices, in constant memory.
 *
 * @param bundle - The plain bundle.
 * @param expected - A checksum (64 hex characters), or the publisher's seal with the public key.
 * @returns Whether the bundle has the checksum. A bundle that differs is no error.
 * @throws `TypeError` if `expected` is neither a checksum nor a seal with its key. {@link BundleSealError} if the
 * seal is refused: `ERR_SEAL_INVALID`, `ERR_KEY_MISMATCH`, `ERR_KEY_INVALID`, `ERR_HEADER_INVALID`,
 * `ERR_LENGTH_INVALID`, `ERR_VERSION_UNSUPPORTED`, `ERR_LIMIT_EXCEEDED`; and `ERR_SOURCE_FAILED` if the Blob cannot
 * be read.
 * @see docs/format.md#signature
 * @example
 * ```ts
 * import { encryptBundle, keygen, verifyChecksum } from 'bundleseal';
 *
 * const { privateKey, publicKey } = await keygen();
 * const bundle = new Uint8Array(1000);
 * const { checksum, seal } = await encryptBundle(bundle, { privateKey });
 * console.log(await verifyChecksum(bundle, checksum));
 * console.log(await verifyChecksum(bundle, { seal, publicKey }));
 * ```
 */
export async function verifyChecksum(
  bundle: BundleInput,
  expected:
    | string
    | { readonly seal: string; readonly publicKey: PublicKeyInput | readonly PublicKeyInput[] },
  options: ChecksumOptions = {},
): Promise<boolean> {
  checkOptions('verifyChecksum', options, CHECKSUM_OPTIONS);
  const source = openInput(bundle, 'bundle');
  const backend = await selectBackend(options.backend);
  const wanted = await readExpected(backend, expected);
  if (wanted.size !== undefined && wanted.size !== source.size) return false;
  return equalBytes(await hashSource(backend, source, options), wanted.checksum);
}

async function readExpected(
  backend: Backend,
  expected: Parameters<typeof verifyChecksum>[1],
): Promise<{ checksum: Uint8Array; size?: number }> {
  if (typeof expected === 'string') {
    if (/^[0-9a-f]{64}$/i.test(expected)) return { checksum: fromHex(expected) };
    throw new TypeError(
      'expected must be a checksum of 64 hex characters: pass a seal as { seal, publicKey }',
    );
  }
  if (typeof expected !== 'object' || expected === null) {
    throw new TypeError(
      `expected must be a checksum or { seal, publicKey }, got ${describe(expected)}`,
    );
  }
  checkOptions('verifyChecksum: expected', expected, { seal: 'any', publicKey: 'any' });
  const keys = await readPublicKeys(backend, expected.publicKey);
  const { header, secrets } = await openSeal(backend, expected.seal, keys, {});
  secrets.sessionKey.fill(0);
  return { checksum: secrets.checksum, size: header.layout.size };
}

/** Computes the SHA-256 of a source, and reports progress. */
export async function hashSource(
  backend: Backend,
  source: Source,
  { signal, onProgress }: WorkOptions,
): Promise<Uint8Array> {
  const total = source.size;
  if (backend.hashesWhole && source.bytes !== undefined) {
    signal?.throwIfAborted();
    const digest = await backend.sha256(source.bytes);
    signal?.throwIfAborted();
    onProgress?.({ done: total, total });
    return digest;
  }
  const hash = await backend.createHash();
  const layout = chunkLayout(total, DEFAULT_CHUNK_SIZE);
  await runChunks({
    count: layout.count,
    inFlight: 1,
    signal,
    read(index, stop) {
      const { plainStart, plainEnd } = chunkPlace(layout, index);
      return source.read(plainStart, plainEnd, stop);
    },
    work(_index, bytes) {
      hash.update(bytes);
      return undefined;
    },
    finish: (index) => onProgress?.({ done: chunkPlace(layout, index).plainEnd, total }),
  });
  return hash.digest();
}

// Opening a sealed bundle in memory.

import type { Backend, BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { equalBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { chunkNonce, chunkPlace } from '../format/chunks.ts';
import { checkBodyLength, DIGEST_LENGTH } from '../format/header.ts';
import type { PublicKeyInput } from '../keys/parse.ts';
import { checkOptions, type WorkOptions } from '../options.ts';
import { type BundleInput, openInput, type Source, sourceFrom } from './input.ts';
import {
  checkHeaderOptions,
  type Expectations,
  type OpenedHeader,
  openHeader,
  openSealText,
  readPublicKeys,
} from './open.ts';
import { runChunks } from './pipeline.ts';

export interface DecryptOptions extends WorkOptions {
  /** The app's public key; several while keys rotate: the header says which one is meant. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The header in base64url, where it travels apart: then the input is the body alone. */
  readonly seal?: string;
  /** What the bundle must say of itself. Default: nothing is asked. */
  readonly expect?: Expectations;
  /** The most chunks that are accepted, which bounds the header's memory. Default 1,048,576. */
  readonly maxChunks?: number;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/**
 * Opens a sealed bundle: returns exactly the bytes that the private key's holder sealed, or throws.
 *
 * Before it returns, the signature, every chunk's digest and tag, and the checksum of the whole have been
 * verified; on any error nothing is returned. Memory: the result and some MiB; of a `Blob` only some chunks
 * at a time are in memory.
 *
 * @param encrypted - A sealed bundle, or its body where `seal` is given.
 * @param options.publicKey - PEM, DER or JWK; several while keys rotate.
 * @param options.seal - The header in base64url, for a body that travels apart from it.
 * @param options.expect - What the metadata must say; `minSequence` refuses older bundles.
 * @param options.maxChunks - The most chunks that are accepted. Default 1,048,576.
 * @throws `TypeError`, `RangeError`: a wrong or unknown option, by name. {@link BundleSealError}
 * `ERR_LENGTH_INVALID`: cut, or too long; `ERR_HEADER_INVALID`: not a sealed bundle; `ERR_VERSION_UNSUPPORTED`:
 * V1, or newer than this release; `ERR_LIMIT_EXCEEDED`: over `maxChunks`; `ERR_KEY_INVALID`; `ERR_KEY_MISMATCH`:
 * sealed for another key, `keyId` says which; `ERR_SEAL_INVALID`: not signed by the private key;
 * `ERR_EXPECTATION_FAILED`; `ERR_CHUNK_INVALID`: altered, `chunkIndex` says where; `ERR_CHECKSUM_MISMATCH`;
 * `ERR_SOURCE_FAILED`: the Blob could not be read; `ERR_BACKEND_UNAVAILABLE`.
 * @see docs/format.md#opening
 * @example
 * ```ts
 * import { decryptBundle, encryptBundle, keygen } from 'bundleseal';
 *
 * const { privateKey, publicKey } = await keygen();
 * const sealed = await encryptBundle(new TextEncoder().encode('zip'), { privateKey });
 * const whole = await decryptBundle(sealed.bytes, { publicKey });
 * const apart = await decryptBundle(sealed.ciphertext, { publicKey, seal: sealed.seal });
 * ```
 */
export async function decryptBundle(
  encrypted: BundleInput,
  options: DecryptOptions,
): Promise<Uint8Array> {
  checkOptions('decryptBundle', options, [
    'publicKey',
    'seal',
    'expect',
    'maxChunks',
    'signal',
    'onProgress',
    'backend',
  ]);
  checkHeaderOptions(options);
  const { signal, seal } = options;
  const source = openInput(encrypted, 'encrypted');
  signal?.throwIfAborted();
  const backend = await selectBackend(options.backend);
  const keys = await readPublicKeys(backend, options.publicKey);
  const opened =
    seal === undefined
      ? await openHeader(backend, source, keys, options, signal)
      : await openSealText(backend, seal, keys, options);
  try {
    const { header } = opened;
    // A source shorter than its header was refused with it.
    const body = seal === undefined ? sourceFrom(source, header.headerLength) : source;
    checkBodyLength(header, body.size);
    return await openBody(backend, body, opened, options);
  } finally {
    opened.secrets.sessionKey.fill(0);
  }
}

async function openBody(
  backend: Backend,
  body: Source,
  { header: { layout }, parts, secrets }: OpenedHeader,
  { signal, onProgress }: WorkOptions,
): Promise<Uint8Array> {
  const bundle = new Uint8Array(layout.size);
  const hash = backend.hashesWhole ? undefined : await backend.createHash();
  const cipher = await backend.createCipher(
    'open',
    secrets.sessionKey,
    layout.size,
    layout.chunkSize,
  );

  try {
    await runChunks({
      count: layout.count,
      inFlight: body.bytes === undefined ? Math.min(cipher.inFlight, 4) : cipher.inFlight,
      signal,
      read(index, stop) {
        const { encryptedStart, encryptedEnd } = chunkPlace(layout, index);
        return body.read(encryptedStart, encryptedEnd, stop);
      },
      work(index, encrypted) {
        const { plainStart, plainEnd, encryptedStart } = chunkPlace(layout, index);
        const digest = parts.digests.subarray(DIGEST_LENGTH * index, DIGEST_LENGTH * (index + 1));
        const plain = bundle.subarray(plainStart, plainEnd);
        const genuine = cipher.open(chunkNonce(layout, index), encrypted, digest, plain);
        const check = (holds: boolean) => {
          if (!holds) throw chunkInvalid(index, encryptedStart);
        };
        return genuine instanceof Promise ? genuine.then(check) : check(genuine);
      },
      finish(index) {
        const { plainStart, plainEnd } = chunkPlace(layout, index);
        hash?.update(bundle.subarray(plainStart, plainEnd));
        onProgress?.({ done: plainEnd, total: layout.size });
      },
    });
    const checksum = hash === undefined ? await backend.sha256(bundle) : hash.digest();
    signal?.throwIfAborted();
    if (!equalBytes(checksum, secrets.checksum)) {
      throw new BundleSealError(
        'ERR_CHECKSUM_MISMATCH',
        'the bundle as a whole is not the one that was signed, though each chunk is: the tool that sealed it is at fault, seal it again',
      );
    }
    return bundle;
  } catch (error) {
    bundle.fill(0);
    throw error;
  } finally {
    cipher.close();
  }
}

function chunkInvalid(chunkIndex: number, offset: number): BundleSealError {
  return new BundleSealError(
    'ERR_CHUNK_INVALID',
    `chunk ${chunkIndex} (from byte ${offset} of the body) is not the one that was sealed: the file was altered or damaged, discard it and fetch it again`,
    { chunkIndex, offset },
  );
}

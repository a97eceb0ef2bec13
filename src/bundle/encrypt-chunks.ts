// Seals bundles in memory, streams and files. Encrypts the chunks, then signs the header, which contains their digests.

import type { Backend, ChunkCipher } from '../backend/backend.ts';
import { reusedCopies } from '../backend/copies.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import {
  type ChunkLayout,
  chunkLayout,
  chunkNonce,
  DIGEST_LENGTH,
  TAG_LENGTH,
} from '../format/chunks.ts';
import type { Kind } from '../format/header.ts';
import { DEFAULT_MAX_CHUNKS } from '../limits.ts';
import type { WorkOptions } from '../options.ts';
import { sealHeader } from '../seal/seal.ts';
import type { SigningKey } from '../seal/signing-key.ts';
import { handledElsewhere } from '../turn.ts';
import { type ChunkSink, type PlainChunkSource, runChunks } from './chunk-loop.ts';

/** The options and keys of a bundle to seal. */
export interface SealWork extends WorkOptions {
  readonly backend: Backend;
  readonly key: SigningKey;
  /** Default `'bundle'`. */
  readonly kind?: Kind;
  /** Encoded and padded by `encodeMetadata`. */
  readonly metadata: Uint8Array;
  /** A session key must encrypt one bundle only, because nonces count from 0 in each bundle. */
  readonly sessionKey: Uint8Array;
  readonly chunkSize: number;
  /** Number of plain bytes; `Infinity` if it is not known before all of them are read. */
  readonly size: number;
}

/** The values of the header that follow from the chunks. */
interface EncryptedChunks {
  readonly layout: ChunkLayout;
  /** The digests of the encrypted chunks, in order. */
  readonly digests: Uint8Array;
  /** SHA-256 of the plain bundle. */
  readonly checksum: Uint8Array;
}

/** The result of sealing in every form. */
export interface SealedHeader {
  readonly header: Uint8Array;
  readonly checksum: string;
  readonly keyId: string;
  readonly size: number;
}

/** Encrypts the chunks of `source` into `sink`, and seals their header. */
export async function encryptAndSeal(
  work: SealWork,
  source: PlainChunkSource,
  sink: ChunkSink,
): Promise<SealedHeader> {
  const { backend, key, kind = 'bundle', metadata, sessionKey, chunkSize, size, signal } = work;
  const cipher = await backend.createCipher('encrypt', sessionKey, size, chunkSize);
  let chunks: EncryptedChunks;
  try {
    chunks = await encryptChunks(work, cipher, source, sink);
  } finally {
    cipher.close();
  }
  const { layout, digests, checksum } = chunks;
  const fields = { kind, layout, metadata, digests };
  const { header, keyId } = await sealHeader(
    backend,
    key,
    fields,
    { sessionKey, checksum },
    signal,
  );
  return { header, checksum: toHex(checksum), keyId: toHex(keyId), size: layout.size };
}

async function encryptChunks(
  { backend, chunkSize, size, signal, onProgress }: SealWork,
  cipher: ChunkCipher,
  source: PlainChunkSource,
  sink: ChunkSink,
): Promise<EncryptedChunks> {
  // Hashes a bundle in one piece by one native call, in parallel with the chunks.
  const whole =
    backend.hashesWhole && source.whole !== undefined
      ? Promise.resolve(backend.sha256(source.whole))
      : undefined;
  // No code awaits this promise if a chunk fails first.
  handledElsewhere(whole);
  const hash = whole === undefined ? await backend.createHash() : undefined;
  const digests = digestTable(source.count);
  // Copies each chunk, so that the cipher and the hash get the same bytes even if other code writes to the memory of the
  // source.
  const shared = cipher.hasThread ? backend.allocateShared : undefined;
  const copies = source.isPrivate
    ? undefined
    : reusedCopies((length) => shared?.(length, false) ?? new ArrayBuffer(length));
  const rooms: Uint8Array[] = [];
  let done = 0;

  await runChunks({
    count: source.count,
    inFlight: Math.min(cipher.inFlight, source.inFlight),
    signal,
    read: (index, stop) => source.read(index, stop),
    work(index, bytes) {
      checkChunkCount(index + 1);
      const plain = copies?.copy(bytes) ?? bytes;
      const room = sink.room(index, plain.length + TAG_LENGTH);
      rooms.push(room);
      const digest = cipher.encrypt(chunkNonce(index, source.isLast(index)), plain, room);
      // Hashes the chunk after the cipher has passed it to the second thread, so that two cores work at the same time.
      hash?.update(plain);
      const keep = (value: Uint8Array) => {
        digests.set(index, value);
        copies?.giveBack(plain);
      };
      if (digest instanceof Promise) return digest.then(keep);
      keep(digest);
      return undefined;
    },
    finish() {
      const room = rooms.shift() as Uint8Array;
      done += room.length - TAG_LENGTH;
      onProgress?.({ done, total: size });
      return sink.take(room);
    },
  });
  // A resizable buffer may have shrunk during the call. The output was allocated for its first size.
  if (done !== size && size !== Number.POSITIVE_INFINITY) {
    throw new BundleSealError(
      'ERR_SOURCE_FAILED',
      `the memory of the bundle shrank from ${size} to ${done} bytes during the call: seal the bundle again`,
      { offset: done },
    );
  }
  return {
    layout: chunkLayout(done, chunkSize),
    digests: digests.first(Math.max(1, Math.ceil(done / chunkSize))),
    checksum: await (whole ?? (hash as NonNullable<typeof hash>).digest()),
  };
}

/** A table of digests by the index of their chunk that grows with the number of chunks. */
function digestTable(count: number) {
  let table = new Uint8Array(DIGEST_LENGTH * Math.min(count, 4096));
  return {
    set(index: number, digest: Uint8Array) {
      const at = DIGEST_LENGTH * index;
      if (at >= table.length) {
        const longer = new Uint8Array(2 * table.length);
        longer.set(table);
        table = longer;
      }
      table.set(digest, at);
    },
    first: (number: number) => table.subarray(0, DIGEST_LENGTH * number),
  };
}

/** @throws {@link BundleSealError} `ERR_LIMIT_EXCEEDED` if readers would refuse so many chunks. */
export function checkChunkCount(count: number): void {
  if (count <= DEFAULT_MAX_CHUNKS) return;
  throw new BundleSealError(
    'ERR_LIMIT_EXCEEDED',
    `the bundle has more than ${DEFAULT_MAX_CHUNKS} chunks, the most that readers accept: use a larger chunkSize`,
    { limit: 'maxChunks' },
  );
}

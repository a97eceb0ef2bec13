// @ts-check File to file as a typical pipeline: one AES-256-GCM and one SHA-256 of the plain bytes. It has no RSA and
// no digests of chunks, and the output has its final name from the first byte on.

import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

const ALGORITHM = 'aes-256-gcm';

/**
 * @typedef {{ key: string, nonce: string }} Secrets hex
 * @typedef {{ highWaterMark?: number, flush?: boolean }} Tuning - `highWaterMark`: for every stage; without it each has
 * its default. `flush`: the output is flushed to the disk before it is closed.
 */

/** @param {string} input @param {string} output @param {Secrets} secrets @param {Tuning} [tuning] */
export async function encryptByPipeline(
  input,
  output,
  { key, nonce },
  { flush = false, ...tuning } = {},
) {
  const hash = createHash('sha256');
  const source = createReadStream(input, tuning);
  const cipher = createCipheriv(ALGORITHM, bytes(key), bytes(nonce), tuning);
  source.on('data', (chunk) => hash.update(chunk));
  await pipeline(source, cipher, createWriteStream(output, { ...tuning, flush }));
  return { tag: cipher.getAuthTag().toString('hex'), checksum: hash.digest('hex') };
}

/**
 * @param {string} input @param {string} output
 * @param {Secrets & { tag: string, checksum: string }} secrets @param {Tuning} [tuning]
 */
export async function decryptByPipeline(
  input,
  output,
  { key, nonce, tag, checksum },
  { flush = false, ...tuning } = {},
) {
  const hash = createHash('sha256');
  const decipher = createDecipheriv(ALGORITHM, bytes(key), bytes(nonce), tuning);
  decipher.setAuthTag(bytes(tag));
  decipher.on('data', (chunk) => hash.update(chunk));
  const sink = createWriteStream(output, { ...tuning, flush });
  await pipeline(createReadStream(input, tuning), decipher, sink);
  if (hash.digest('hex') !== checksum) throw new Error('not the file that was encrypted');
}

/** @param {string} hex */
function bytes(hex) {
  return Buffer.from(hex, 'hex');
}

// @ts-check Compares encryptStream and decryptStream on Node with encryptBundle and decryptBundle.

import { createHash, randomFillSync } from 'node:crypto';
import {
  decryptBundle,
  decryptStream,
  encryptBundle,
  encryptStream,
  keygen,
} from '../dist/index.js';
import { mustAgree } from './format.js';
import { countBytes, piecesOf } from './pieces.js';
import { TARGETS } from './targets.js';
import { interleave } from './timing.js';

const MIB = 2 ** 20;
const SIZE_MIB = 256;

/** @typedef {Awaited<ReturnType<typeof keygen>>} KeyPair */

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {{ quick: boolean }} settings */
export async function measureStreams(report, { quick }) {
  const pair = await keygen();
  const plain = randomFillSync(new Uint8Array(SIZE_MIB * MIB));
  const { bytes: sealed } = await encryptBundle(plain, { privateKey: pair.privateKey });
  await crossCheck(plain, sealed, pair);
  report.begin(
    'streams',
    'Node: the streams beside the calls in memory. Source: a stream of 64 KiB views of memory; sink: a loop that reads and counts the bytes',
  );
  const { privateKey, publicKey } = pair;
  const rounds = quick ? 2 : 11;
  const options = { bytes: plain.length, target: TARGETS.streamRatio };
  const suffix = `${SIZE_MIB} MiB, 64 KiB pieces, read and counted`;
  const encrypting = {
    stream: async () => {
      const { body, seal } = encryptStream(piecesOf(plain), { privateKey });
      await countBytes(body);
      return seal;
    },
    encryptBundle: () => encryptBundle(plain, { privateKey }),
  };
  report.compare(`encryptStream ${suffix}`, await interleave(encrypting, { rounds }), options);
  const decrypting = {
    stream: () => countBytes(decryptStream(piecesOf(sealed), { publicKey })),
    decryptBundle: () => decryptBundle(sealed, { publicKey }),
  };
  report.compare(`decryptStream ${suffix}`, await interleave(decrypting, { rounds }), options);
}

/** @param {Uint8Array} plain @param {Uint8Array} sealed @param {KeyPair} pair */
async function crossCheck(plain, sealed, { privateKey, publicKey }) {
  const source = createHash('sha256').update(plain).digest('hex');
  const hash = createHash('sha256');
  await countBytes(decryptStream(piecesOf(sealed), { publicKey }), (piece) => hash.update(piece));
  mustAgree(hash.digest('hex') === source, 'decryptStream gives other bytes than went in');

  const { body, seal } = encryptStream(piecesOf(plain), { privateKey });
  const collected = new Uint8Array(sealed.length);
  let at = 0;
  await countBytes(body, (piece) => {
    collected.set(piece, at);
    at += piece.length;
  });
  const opened = await decryptBundle(collected.subarray(0, at), { publicKey, seal: await seal });
  const digest = createHash('sha256').update(opened).digest('hex');
  mustAgree(digest === source, 'decryptBundle opens another bundle than encryptStream sealed');
}

// @ts-check Checks before the timing that each contender opens its own bundles, and tests its reaction to an altered
// byte.

import { createHash, randomFillSync } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustAgree, sameBytes } from '../format.js';
import { runChild } from './child.js';
import { OURS } from './contenders.js';

const MEMORY_SIZE = 2 ** 20 + 1;
const FILE_SIZE = 8 * 2 ** 20 + 1;

/**
 * @typedef {import('./contenders.js').Contender} Contender
 * @typedef {import('./contenders.js').Sealed} Sealed
 * @typedef {{ where: string, refused: boolean }} Altered
 * @typedef {{ refused: boolean, left: number, wrong: number }} AlteredFile `left`: bytes that it left in the
 * output's place; `wrong`: how many of them differ from the sealed ones.
 */

/** @param {Contender} contender @param {any} keys @returns {Promise<Altered[]>} */
export async function proveInMemory({ name, memory }, keys) {
  if ('cannot' in memory) return [];
  const plain = randomFillSync(new Uint8Array(MEMORY_SIZE));
  const sealed = await memory.seal(keys, plain);
  const opened = await memory.open(keys, sealed);
  mustAgree(sameBytes(opened, plain), `${name} does not open its own output`);
  const proofs = [];
  for (const [where, at] of /** @type {const} */ ([
    ['in the middle', 0.5],
    ['at the end', 1],
  ])) {
    proofs.push({ where, refused: await isRefused(() => memory.open(keys, alter(sealed, at))) });
  }
  return proofs;
}

/** @param {Contender} contender @param {any} made - Its keys. @param {string} folder @returns {Promise<AlteredFile | { cannot: string }>} */
export async function proveFileToFile({ id, name, file }, made, folder) {
  if ('cannot' in file) return file;
  const cannot = (/** @type {string} */ why) => {
    mustAgree(id !== OURS, why);
    return { cannot: why };
  };
  const input = join(folder, 'proof');
  const sealed = join(folder, 'proof.sealed');
  const opened = join(folder, 'proof.opened');
  const plain = randomFillSync(Buffer.alloc(FILE_SIZE));
  writeFileSync(input, plain);
  try {
    const job = { id, keys: made };
    const sealing = await runChild({ ...job, purpose: 'seal', input, output: sealed });
    if ('error' in sealing) return cannot(sealing.error);
    const opening = {
      ...job,
      purpose: /** @type {const} */ ('open'),
      input: sealed,
      output: opened,
    };
    const first = await runChild({ ...opening, apart: sealing.apart });
    if ('error' in first) return cannot(first.error);
    mustAgree(
      digestOf(readFileSync(opened)) === digestOf(plain),
      `${name} does not open the file that it sealed`,
    );
    rmSync(opened);
    const bytes = readFileSync(sealed);
    alterBytes(bytes, bytes.length >> 1);
    writeFileSync(sealed, bytes);
    const second = await runChild({ ...opening, apart: sealing.apart });
    const left = existsSync(opened) ? readFileSync(opened) : Buffer.alloc(0);
    const wrong = left.reduce((count, byte, i) => count + (byte === plain[i] ? 0 : 1), 0);
    return { refused: 'error' in second, left: left.length, wrong };
  } finally {
    for (const path of [input, sealed, opened]) rmSync(path, { force: true });
  }
}

/** @param {() => unknown} open */
async function isRefused(open) {
  try {
    await open();
    return false;
  } catch {
    return true;
  }
}

/** A copy with one byte changed. @param {Sealed} sealed @param {number} at - 0 the first byte, 1 the last. */
function alter(sealed, at) {
  if (sealed.text !== undefined) {
    const bytes = Buffer.from(sealed.text, 'latin1');
    alterText(bytes, Math.floor((bytes.length - 2) * at));
    return { ...sealed, text: bytes.toString('latin1') };
  }
  const bytes = Uint8Array.from(/** @type {Uint8Array} */ (sealed.bytes));
  alterBytes(bytes, Math.floor((bytes.length - 1) * at));
  return { ...sealed, bytes };
}

/** @param {Uint8Array} bytes @param {number} at */
function alterBytes(bytes, at) {
  bytes[at] = /** @type {number} */ (bytes[at]) ^ 1;
}

/** Replaces a character by another one of Base64url, because a character outside of Base64url would prove nothing. @param {Uint8Array} bytes @param {number} at */
function alterText(bytes, at) {
  bytes[at] = bytes[at] === 65 ? 66 : 65;
}

/** @param {Uint8Array} bytes */
function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

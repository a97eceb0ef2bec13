// What the second thread runs, and how the ring lies that it is fed by.

import { SLICE } from './node-slices.ts';

/** What a slot of the ring is in. */
export const FREE = 0;
export const POSTED = 1;
export const TAKEN = 2;
export const DONE = 3;
export const REFUSED = 4;

export const SEAL = 0;
export const OPEN = 1;

/**
 * A slot's fields, in bytes from its start: six numbers (length of the input, purpose, and for input and output the
 * memory that it lies in and its place there), the nonce and the digest.
 */
export const FIELDS_LENGTH = 128;
export const NONCE_AT = 32;
export const DIGEST_AT = 64;

/** The memory of the slots themselves; others are numbered from 1 as they are handed over. */
export const SLOTS = 0;

// CommonJS text and not a file: a bundled app has no file of ours to start a thread from.
export const THREAD_CODE: string = `
const { receiveMessageOnPort, workerData } = require('node:worker_threads');
const { createCipheriv, createDecipheriv, createHash, timingSafeEqual } = require('node:crypto');
const { memory, slots, fieldsAt, keyAt, port, drain } = workerData;
const state = new Int32Array(memory, 0, slots + 1);
const key = new Uint8Array(memory, keyAt, 32);
const SLICE = ${SLICE};
const TAG_LENGTH = 16;
let memories = new Map([[${SLOTS}, memory]]);

function memoryOf(number) {
  while (!memories.has(number)) {
    const { message } = receiveMessageOnPort(port);
    if (message.forget) memories = new Map([[${SLOTS}, memory]]);
    else memories.set(message.number, message.memory);
  }
  return memories.get(number);
}

// As in node-slices.
function release({ buffer, byteLength }) {
  if (buffer.byteLength !== byteLength) return;
  if (drain) drain.postMessage(undefined, [buffer]);
  else buffer.transfer(0);
}

function seal(nonce, plain, out, digest) {
  const hash = createHash('sha256');
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key), nonce);
  for (let i = 0; i < plain.length; i += SLICE) {
    const encrypted = cipher.update(plain.subarray(i, i + SLICE));
    hash.update(encrypted);
    out.set(encrypted, i);
    release(encrypted);
  }
  cipher.final();
  const tag = cipher.getAuthTag();
  out.set(tag, plain.length);
  digest.set(hash.update(tag).digest());
  return true;
}

function open(nonce, encrypted, out, digest) {
  if (!timingSafeEqual(createHash('sha256').update(encrypted).digest(), digest)) return false;
  const end = encrypted.length - TAG_LENGTH;
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key), nonce, { authTagLength: TAG_LENGTH });
  decipher.setAuthTag(Buffer.from(encrypted.subarray(end)));
  for (let i = 0; i < end; i += SLICE) {
    const plain = decipher.update(encrypted.subarray(i, Math.min(i + SLICE, end)));
    out.set(plain, i);
    release(plain);
  }
  try {
    decipher.final();
    return true;
  } catch {
    out.fill(0, 0, end);
    return false;
  }
}

Atomics.store(state, slots, 1);
for (let slot = 0; ; slot = (slot + 1) % slots) {
  let seen;
  while ((seen = Atomics.compareExchange(state, slot, ${POSTED}, ${TAKEN})) !== ${POSTED}) {
    Atomics.wait(state, slot, seen);
  }
  const at = fieldsAt + slot * ${FIELDS_LENGTH};
  const [length, purpose, from, fromAt, to, toAt] = new Uint32Array(memory, at, 6);
  const nonce = Buffer.from(new Uint8Array(memory, at + ${NONCE_AT}, 12));
  const digest = new Uint8Array(memory, at + ${DIGEST_AT}, 32);
  const input = new Uint8Array(memoryOf(from), fromAt, length);
  const isSeal = purpose === ${SEAL};
  const output = new Uint8Array(memoryOf(to), toAt, isSeal ? length + TAG_LENGTH : length - TAG_LENGTH);
  const verified = (isSeal ? seal : open)(nonce, input, output, digest);
  Atomics.store(state, slot, verified ? ${DONE} : ${REFUSED});
}
`;

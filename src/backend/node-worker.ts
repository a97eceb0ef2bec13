// The second thread: takes chunks from the ring in order. It starts from source text (`node-worker.ts?thread`),
// because a bundled app does not contain this library's files.

import type { MessagePort as NodePort } from 'node:worker_threads';
import { DIGEST_LENGTH, SESSION_KEY_LENGTH, TAG_LENGTH } from '../format/chunks.ts';
import { decryptChunk, encryptChunk } from './node-chunk.ts';
import {
  DIGEST_AT,
  DONE,
  ENCRYPT,
  FIELDS_LENGTH,
  type MemoryMessage,
  NONCE_AT,
  POSTED,
  REFUSED,
  SLOTS_MEMORY,
  TAKEN,
  type ThreadData,
} from './node-ring.ts';
import { useDrain } from './node-slices.ts';

const { receiveMessageOnPort, workerData } = process.getBuiltinModule('node:worker_threads');

/** Runs the thread until the caller terminates it. Blocks the event loop while it waits for a slot. */
export function main(): void {
  const data = workerData as ThreadData;
  const { memory, slots, drain } = data;
  if (drain !== undefined) useDrain(drain);
  const serve = openRing(data);
  Atomics.store(new Int32Array(memory), slots, 1);
  for (let slot = 0; ; slot = (slot + 1) % slots) serve(slot);
}

/** Returns a function that waits until a slot is posted, does its work, and sets its state to the result. */
export function openRing({ memory, slots, fieldsAt, keyAt, port }: ThreadData) {
  const state = new Int32Array(memory, 0, slots);
  const key = new Uint8Array(memory, keyAt, SESSION_KEY_LENGTH);
  let memories = new Map([[SLOTS_MEMORY, memory]]);

  function memoryOf(number: number): SharedArrayBuffer {
    for (;;) {
      const known = memories.get(number);
      if (known !== undefined) return known;
      // The caller's thread sends a memory before it posts the first slot that refers to it.
      const { message } = receiveMessageOnPort(port as unknown as NodePort) as {
        message: MemoryMessage;
      };
      if ('forget' in message) memories = new Map([[SLOTS_MEMORY, memory]]);
      else memories.set(message.number, message.memory);
    }
  }

  function work(slot: number): boolean {
    const at = fieldsAt + slot * FIELDS_LENGTH;
    const [length, purpose, from, fromAt, to, toAt] = new Uint32Array(memory, at, 6) as unknown as [
      ...[length: number, purpose: number],
      ...[from: number, fromAt: number, to: number, toAt: number],
    ];
    // Copies, because node:crypto does not accept keys and nonces in shared memory.
    const sessionKey = key.slice();
    const nonce = new Uint8Array(memory, at + NONCE_AT, 12).slice();
    const digest = new Uint8Array(memory, at + DIGEST_AT, DIGEST_LENGTH);
    const input = new Uint8Array(memoryOf(from), fromAt, length);
    try {
      if (purpose === ENCRYPT) {
        const output = new Uint8Array(memoryOf(to), toAt, length + TAG_LENGTH);
        digest.set(encryptChunk(sessionKey, nonce, input, output));
        return true;
      }
      const output = new Uint8Array(memoryOf(to), toAt, length - TAG_LENGTH);
      return decryptChunk(sessionKey, nonce, input, digest, output, undefined);
    } finally {
      sessionKey.fill(0);
    }
  }

  return (slot: number): void => {
    for (;;) {
      const seen = Atomics.compareExchange(state, slot, POSTED, TAKEN);
      if (seen === POSTED) break;
      Atomics.wait(state, slot, seen);
    }
    Atomics.store(state, slot, work(slot) ? DONE : REFUSED);
  };
}

// The layout of the ring of slots in shared memory. The caller's thread passes chunks to the second thread in it.

/**
 * The states of a slot. The caller's thread posts a slot. The second thread takes it and does the work. The caller's
 * thread collects the result and frees the slot.
 */
export const FREE = 0;
export const POSTED = 1;
export const TAKEN = 2;
export const DONE = 3;
export const REFUSED = 4;

/** The operation that a slot requests. */
export const ENCRYPT = 0;
export const DECRYPT = 1;

/**
 * A slot's fields, as byte offsets from its start: six numbers, the nonce and the digest. The numbers are the length
 * of the input, the operation, and for input and output the number of the memory and the offset in it.
 */
export const FIELDS_LENGTH = 128;
export const NONCE_AT = 32;
export const DIGEST_AT = 64;

/**
 * The number of the memory that contains the slots. Other memories are numbered from 1 in the order in which the
 * second thread receives them.
 */
export const SLOTS_MEMORY = 0;

/** The data with which the second thread starts. */
export interface ThreadData {
  /** Begins with an `Int32Array`: the state of each slot, then 1 once the thread is ready. */
  readonly memory: SharedArrayBuffer;
  readonly slots: number;
  /** Where the fields of the first slot begin in `memory`. */
  readonly fieldsAt: number;
  /** Where the session key is in `memory`. */
  readonly keyAt: number;
  /**
   * Delivers each {@link MemoryMessage}. The thread reads it on demand and never waits for messages.
   */
  readonly port: MessagePort;
  /** The port for `useDrain`. Absent if the runtime frees memory without a port. */
  readonly drain?: MessagePort | undefined;
}

/**
 * A message to the second thread: a memory and the number by which slots refer to it, or the order to forget all
 * memories except that of the slots.
 */
export type MemoryMessage =
  | { readonly number: number; readonly memory: SharedArrayBuffer }
  | { readonly forget: true };

// The ring of slots in shared memory by which the caller's thread hands chunks to the second one: its layout, for both.

/** What a slot is in. The caller's thread posts, the second thread takes and finishes, the caller's thread frees. */
export const FREE = 0;
export const POSTED = 1;
export const TAKEN = 2;
export const DONE = 3;
export const REFUSED = 4;

/** What a slot asks for. */
export const ENCRYPT = 0;
export const DECRYPT = 1;

/**
 * A slot's fields, in bytes from its start: six numbers (length of the input, purpose, and for input and output the
 * memory that it lies in and its place there), the nonce and the digest.
 */
export const FIELDS_LENGTH = 128;
export const NONCE_AT = 32;
export const DIGEST_AT = 64;

/** The number of the memory of the slots themselves. Others are numbered from 1 in the order of their handing over. */
export const SLOTS = 0;

/** What the second thread is started with. */
export interface ThreadData {
  /** Begins with the state of each slot, and behind them a 1 once the thread is ready: an `Int32Array`. */
  readonly memory: SharedArrayBuffer;
  readonly slots: number;
  /** Where the fields of the first slot begin in `memory`. */
  readonly fieldsAt: number;
  /** Where the session key is in `memory`. */
  readonly keyAt: number;
  /** Gives each {@link MemoryMessage}. Read on demand: the thread never waits for messages. */
  readonly port: MessagePort;
  /** For `useDrain`: absent where memory is freed without a port. */
  readonly drain?: MessagePort | undefined;
}

/** Memory that slots refer to by its number, or the order to forget all memories but that of the slots. */
export type MemoryMessage =
  | { readonly number: number; readonly memory: SharedArrayBuffer }
  | { readonly forget: true };

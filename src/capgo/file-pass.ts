// Passes a file through the cipher into another file in pieces. It reads the next piece and writes the previous piece
// while it encrypts or decrypts the current one.

import type { Hash } from 'node:crypto';
import type { InputFile } from '../files/input-file.ts';
import type { OutputFile } from '../files/output-file.ts';
import type { WorkOptions } from '../options.ts';
import { handledElsewhere } from '../turn.ts';
import type { Pieces } from './cbc-node.ts';

const PIECE = 2 ** 20;

// Number of bytes after which a flush starts, so that the last flush has little left to do.
const FLUSH_LENGTH = 64 * PIECE;

/** The files and the cipher of {@link passFile}. */
export interface FilePass extends WorkOptions {
  readonly file: InputFile;
  readonly out: Pick<OutputFile, 'write' | 'flush'>;
  readonly transform: Pieces;
  /** The hash of the plain bytes: of the input when encrypting, of the output when decrypting. */
  readonly hash: Hash;
  readonly hashed: 'input' | 'output';
}

/**
 * Passes the file through the cipher. Returns the number of bytes written. When it ends, also after an error, no read or
 * write is in progress.
 */
export async function passFile(pass: FilePass): Promise<number> {
  const { file, transform, hash, hashed, signal, onProgress } = pass;
  const total = file.size;
  const rooms = [new Uint8Array(PIECE), new Uint8Array(PIECE)] as const;
  const readAt = (start: number) => {
    const room = rooms[(start / PIECE) % 2 === 0 ? 0 : 1];
    const read = file.readInto(room.subarray(0, Math.min(PIECE, total - start)), start);
    // Another error may end the loop before it awaits this promise.
    handledElsewhere(read);
    return read;
  };
  const output = writeBehind(pass.out);
  let next = readAt(0);
  try {
    for (let start = 0; start < total; start += PIECE) {
      const piece = await next;
      if (start + PIECE < total) next = readAt(start + PIECE);
      signal?.throwIfAborted();
      const made = transform.update(piece);
      hash.update(hashed === 'input' ? piece : made);
      await output.write(made);
      const done = start + piece.length;
      if (done < total) onProgress?.({ done, total });
    }
    const last = transform.final();
    if (hashed === 'output') hash.update(last);
    await output.write(last);
    return await output.finish();
  } finally {
    await Promise.allSettled([next, output.finish()]);
    for (const room of rooms) room.fill(0);
  }
}

/** Writes pieces one after the other, each while the caller prepares the next one. */
function writeBehind(out: FilePass['out']) {
  let at = 0;
  let flushed = 0;
  let writing: Promise<void> = Promise.resolve();
  return {
    /** Starts to write the piece as soon as the previous piece is written. */
    async write(bytes: Uint8Array): Promise<void> {
      await writing;
      const start = at;
      at += bytes.length;
      const isDue = at - flushed >= FLUSH_LENGTH;
      if (isDue) flushed = at;
      writing = out.write(bytes, start).then(() => (isDue ? out.flush() : undefined));
      handledElsewhere(writing);
    },
    async finish(): Promise<number> {
      await writing;
      return at;
    },
  };
}

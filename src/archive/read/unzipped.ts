// One file of an archive that is read forward.

import { generatorStream } from '../streams.ts';
import { gather } from './extract.ts';

export interface UnzippedEntry {
  readonly path: string;
  /** Bytes, where the archive says so before the content. */
  readonly size: number | undefined;
  /**
   * The content as it comes; can be read once, and before the next file is asked for. Only a clean close
   * says that its CRC-32 and size are right. What is not read of it takes nothing from `bytes`.
   */
  readonly stream: ReadableStream<Uint8Array>;
  /**
   * The content in one piece, checked; can be taken once. Where it is not awaited, the next file waits for it.
   */
  readonly bytes: () => Promise<Uint8Array>;
}

export interface UnzippedFile {
  readonly entry: UnzippedEntry;
  /** Reads and checks what nobody has read. Rejects where the content is refused, whoever was told before. */
  settle(): Promise<void>;
  /** Why the content was refused, if it was. */
  failure(): unknown;
  /** Ends what is still being read of it. */
  leave(): void;
}

export function createUnzipped(file: {
  readonly entry: { readonly path: string };
  readonly size: number | undefined;
  readonly content: AsyncGenerator<Uint8Array, void>;
}): UnzippedFile {
  const { size, content } = file;
  const { path } = file.entry;
  let failure: { readonly error: unknown } | undefined;
  let isLeft = false;
  let isStreamed = false;
  let whole: Promise<unknown> | undefined;

  async function next(): Promise<IteratorResult<Uint8Array, void>> {
    if (failure !== undefined) throw failure.error;
    try {
      return await content.next();
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  }
  function take(): void {
    if (isLeft) throw new TypeError(GONE);
    if (isStreamed || whole !== undefined) {
      throw new TypeError(
        'the content of an entry can be taken once, as its stream or its bytes()',
      );
    }
  }
  /** Begins, and so takes the content, when it is first read. */
  async function* handedOut(): AsyncGenerator<Uint8Array, void> {
    take();
    isStreamed = true;
    for (;;) {
      if (isLeft) throw new TypeError(GONE);
      const { done, value } = await next();
      if (done) return;
      yield value;
    }
  }

  return {
    entry: {
      path,
      size,
      stream: generatorStream(handedOut, undefined),
      bytes: () => {
        try {
          take();
        } catch (error) {
          return Promise.reject(error);
        }
        const bytes = gather({ next }, undefined);
        // Where nobody waits for it, the iteration ends with its error.
        bytes.catch(() => {});
        whole = bytes;
        return bytes;
      },
    },
    async settle() {
      await whole?.catch(() => {});
      isLeft = true;
      while (!(await next()).done);
    },
    failure: () => failure?.error,
    leave() {
      isLeft = true;
    },
  };
}

const GONE = 'the iteration has gone on: take the content of an entry before the next one';

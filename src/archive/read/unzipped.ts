// A file of an archive that is read forward.

import { handledElsewhere } from '../../turn.ts';
import { generatorStream } from '../streams.ts';
import { gather } from './extract.ts';

/** A file of an archive that `unzipStream` reads. */
export interface UnzippedEntry {
  /** The path, with "/" between folders. It is safe on every platform. */
  readonly path: string;
  /** Size in bytes, if the archive has it before the content. */
  readonly size: number | undefined;
  /**
   * The content as a stream. It can be read once, before the next file is requested. Its CRC-32 and size are right
   * only if the stream closes without an error. Until you read the stream, `bytes` can still be called.
   */
  readonly stream: ReadableStream<Uint8Array>;
  /**
   * Reads the content in one piece and checks it. It can be called once. The next file waits until this call has
   * ended.
   */
  readonly bytes: () => Promise<Uint8Array>;
}

export interface UnzippedFile {
  readonly entry: UnzippedEntry;
  /**
   * Reads and checks the unread rest. Rejects if the content is refused, also if the caller already got that error.
   */
  settle(): Promise<void>;
  /** The error if the content was refused, otherwise `undefined`. */
  failure(): unknown;
  /** Ends a read in progress. */
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
  /** The stream takes the content when it is first read. */
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
        // If the caller does not await this promise, the iteration ends with its error.
        handledElsewhere(bytes);
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

// Turns generators into WHATWG streams.

import { onAbort } from '../signals.ts';
import { markOwn } from '../sources/input.ts';

/**
 * Makes a stream of the generator's values. The generator starts with the first read and runs only as fast as the reader
 * reads. An abort errors the stream with the signal's reason, also while no read is pending.
 *
 * @param make - Makes the generator. Its signal aborts with `signal`, and when the reader cancels the stream.
 */
export function generatorStream(
  make: (stop: AbortSignal) => AsyncGenerator<Uint8Array, unknown>,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  const stop = new AbortController();
  const generator = make(stop.signal);
  let finish = () => {};
  const halt = async (reason: unknown) => {
    finish();
    stop.abort(reason);
    // The signal ends the work in progress. Ignores its error, because the stream has ended.
    await generator.return(undefined).catch(() => {});
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (signal === undefined) return;
        finish = onAbort(signal, () => {
          controller.error(markOwn(signal.reason));
          void halt(signal.reason);
        });
      },
      async pull(controller) {
        try {
          const { done, value } = await generator.next();
          if (stop.signal.aborted) return;
          if (!done) {
            controller.enqueue(value);
            return;
          }
          finish();
          controller.close();
        } catch (error) {
          finish();
          throw markOwn(error);
        }
      },
      cancel: (reason) =>
        halt(reason ?? new DOMException('the stream was cancelled by its reader', 'AbortError')),
    },
    { highWaterMark: 0 },
  );
  return markOwn(stream);
}

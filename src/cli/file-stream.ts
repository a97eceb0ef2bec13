// Reads a file as a web stream.
//
// Does not use Readable.toWeb(), which on Node 20 throws an uncaught error if the reader cancels between two reads.

import { openInputFile } from '../files/input-file.ts';

// Number of bytes to read at once.
const PIECE_LENGTH = 2 ** 18;

/** Streams the bytes of the file. Closes the file at its end, on an error and on cancellation. */
export async function fileStream(path: string): Promise<ReadableStream<Uint8Array>> {
  const file = await openInputFile(path);
  let start = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const end = Math.min(start + PIECE_LENGTH, file.size);
        if (start < end) controller.enqueue(await file.read(start, end));
        start = end;
        if (start < file.size) return;
        await file.checkUnchanged();
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      await file.close();
    },
    cancel: () => file.close(),
  });
}

// A file as a web stream.
//
// By hand, as Node 20's Readable.toWeb() throws out of nowhere when its reader cancels between two reads.

import { openInputFile } from '../files/input-file.ts';

// Bytes that are read at once.
const PIECE_LENGTH = 2 ** 18;

/** The file's bytes, in order. Gives the file up at its end, on an error and when it is cancelled. */
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

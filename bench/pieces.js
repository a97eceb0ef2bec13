// @ts-check Sources and sinks for the streams of the bench, in Node and in a page.

const PIECE = 65_536;

/** Memory as a stream of 64 KiB views. @param {Uint8Array} bytes @returns {ReadableStream<Uint8Array>} */
export function piecesOf(bytes) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, at + PIECE));
      else controller.close();
      at += PIECE;
    },
  });
}

/** Reads a stream to its end. @param {ReadableStream<Uint8Array>} stream @param {(piece: Uint8Array) => void} [use] */
export async function countBytes(stream, use) {
  const reader = stream.getReader();
  let count = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return count;
    use?.(value);
    count += value.length;
  }
}

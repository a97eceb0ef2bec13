// A text in place of a file's content, whole or not at all.

import { replaceFile } from '../files/replace.ts';

/**
 * Replaces a file by a text; a link is followed, and the file keeps its mode bits.
 *
 * @param text - Called when there is room for the file and its place may be written; what it throws leaves the file alone.
 */
export async function replaceText(
  path: string,
  signal: AbortSignal,
  text: () => Promise<string>,
): Promise<void> {
  await replaceFile({ mode: 0o666 }, path, signal, async (file) =>
    file.write(new TextEncoder().encode(await text()), 0),
  );
}

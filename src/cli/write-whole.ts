// Writes files atomically from memory: keys, seals and bundles for Capgo.

import { replaceFile } from '../files/replace.ts';

export interface WholeFileOptions {
  /** Mode bits of a new file. The umask of the process applies. */
  readonly mode: number;
  /**
   * Whether an existing file may be replaced. The new file gets only the mode bits that both have.
   */
  readonly force: boolean;
}

const TAKEN = 'exists already: pass --force to replace it';

/** Writes a file. Follows a link. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { mode, force }: WholeFileOptions,
): Promise<void> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  await replaceFile({ mode }, path, undefined, (file) => file.write(bytes, 0), {
    ...(force ? {} : { refusal: TAKEN }),
  });
}

/**
 * Replaces a file by a text. Follows a link, and keeps the mode bits.
 *
 * @param text - Called when the temporary file exists and the output may be written. If it rejects, the file does not
 * change.
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

// Files written from memory, whole or not at all: keys, seals, bundles of Capgo's wire.

import { replaceFile } from '../files/replace.ts';

export interface WriteOptions {
  /** Mode bits of a new file; the process's mask takes some of them away. */
  readonly mode: number;
  /** Whether a file of this name may be replaced; it gets only the mode bits that both have. */
  readonly force: boolean;
}

const TAKEN = 'is there already: pass --force to replace it';

/** Follows a link, as every output does. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { mode, force }: WriteOptions,
): Promise<void> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  await replaceFile({ mode }, path, undefined, (file) => file.write(bytes, 0), {
    ...(force ? {} : { refusal: TAKEN }),
  });
}

/**
 * Replaces a file by a text; a link is followed, and the file keeps its mode bits.
 *
 * @param text - Called when there is room for the file and its place may be written. If it rejects, the file is left alone.
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

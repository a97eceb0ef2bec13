// A file whole or not at all, of what is in memory: keys, seals, bundles of Capgo's wire.

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

// Whether a path exists.

import { stat } from 'node:fs/promises';

/** Returns whether the path leads to a file or folder. Returns false if a folder above it cannot be searched. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

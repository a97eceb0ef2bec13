// The inputs that are kept: what ever failed, and what reached something new.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @param home - The folder `corpus`. */
export function readCorpus(home: string, target: string): Map<string, Uint8Array> {
  const folder = join(home, target);
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder)
      .sort()
      .map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  );
}

/** Named by its content, so that nothing is kept twice. */
export function keepInput(home: string, target: string, input: Uint8Array): string {
  const folder = join(home, target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash('sha256').update(input).digest('hex').slice(0, 16));
  writeFileSync(path, input);
  return path;
}

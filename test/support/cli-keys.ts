// Pairs of keys and helpers that the tests of key commands share.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { nameTemporary } from '../../src/files/temporary.ts';
import { zipBundle } from '../../src/zip.ts';
import type { Project } from './cli.ts';
import { capgoPair, type Pair, sealingPair } from './pairs.ts';

export const ours: Pair = sealingPair(0);
export const next: Pair = sealingPair(1);
export const capgo: Pair = capgoPair(0);
export const other: Pair = capgoPair(1);

export const zip: Uint8Array = await zipBundle({
  'index.html': new TextEncoder().encode('notifyAppReady'),
});

export const read = ({ path }: Project, name: string): string => readFileSync(path(name), 'utf8');
export const secretOf = (pem: string): string =>
  pem.split('\n').slice(1, -2).join('').slice(100, 140);

/** A process number that nothing has any more. */
const gonePid = () => spawnSync(process.execPath, ['--version']).pid;

/** The name of a file that a killed process left when it was writing `name`. */
export const leftoverOf = async (name: string): Promise<string> =>
  (await nameTemporary(name)).replace(`-${process.pid}-`, `-${gonePid()}-`);

// Pairs of keys and helpers that the tests of key commands share.

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { nameTemporary } from '../../src/files/temporary.ts';
import { zipBundle } from '../../src/zip.ts';
import type { Project } from './cli.ts';

export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function makePair(bits: number, type: 'pkcs8' | 'pkcs1'): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return {
    privateKey: privateKey.export({ type, format: 'pem' }) as string,
    publicKey: publicKey.export({
      type: type === 'pkcs8' ? 'spki' : 'pkcs1',
      format: 'pem',
    }) as string,
  };
}

export const ours: KeyPair = makePair(3072, 'pkcs8');
export const next: KeyPair = makePair(3072, 'pkcs8');
export const capgo: KeyPair = makePair(2048, 'pkcs1');
export const other: KeyPair = makePair(2048, 'pkcs1');

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

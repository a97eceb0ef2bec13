// @ts-check The original functions of Capgo's command line. They are not exported, so this module adds a line with
// exports to a copy of the file. The cross-check of the bench shows that these are the right functions.

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const HOME = fileURLToPath(new URL('../test/interop/capgo/', import.meta.url));
const SDK = join(HOME, 'node_modules/@capgo/cli/dist/src/sdk.js');

// Names in the order of src/api/crypto.ts in Capgo's CLI.
const NAMES = /** @type {const} */ ([
  'generateSessionKey',
  'encryptSource',
  'decryptSource',
  'encryptChecksum',
  'encryptChecksumV3',
  'decryptChecksum',
  'decryptChecksumV3',
]);

/**
 * @typedef {{
 *   generateSessionKey(privateKey: string): { sessionKey: Buffer, ivSessionKey: string },
 *   encryptSource(source: Buffer, sessionKey: Buffer, ivSessionKey: string): Buffer,
 *   decryptSource(source: Buffer, ivSessionKey: string, publicKey: string): Buffer,
 *   encryptChecksumV3(checksum: string, privateKey: string): string,
 *   decryptChecksumV3(checksum: string, publicKey: string): string,
 * }} CapgoFunctions
 */

/** @returns {Promise<(CapgoFunctions & { version: string }) | undefined>} nothing where it is not installed */
export async function loadCapgo() {
  if (!existsSync(SDK)) return undefined;
  const code = await readFile(SDK, 'utf8');
  const from = code.indexOf('="aes-128-cbc"');
  const found = [...code.slice(from, from + 10_000).matchAll(/function ([\w$]+)\(/g)];
  if (from < 0 || found.length < NAMES.length) {
    throw new Error("Capgo's functions are not where they were: look at bench/capgo-own.js");
  }
  const exported = NAMES.map((name, i) => `${found[i]?.[1]} as ${name}`).join(',');
  const folder = await mkdtemp(join(tmpdir(), 'bundleseal-bench-'));
  try {
    const file = join(folder, 'capgo.mjs');
    await writeFile(file, `${code}\nexport{${exported}};\n`);
    const { version } = JSON.parse(
      await readFile(join(HOME, 'node_modules/@capgo/cli/package.json'), 'utf8'),
    );
    return { ...(await import(pathToFileURL(file).href)), version };
  } finally {
    await rm(folder, { recursive: true });
  }
}

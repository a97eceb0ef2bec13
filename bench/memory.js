// @ts-check
// Peak memory beyond input and output of one call, each in a fresh process.

import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encryptBundle, keygen } from '../dist/index.js';
import { measureFileMemory } from './file-memory.js';
import { TARGETS } from './targets.js';
import { inTemporaryDirectory } from './temporary.js';
import { median } from './timing.js';

const MIB = 2 ** 20;
const CHILD = fileURLToPath(new URL('memory-child.js', import.meta.url));

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {{ effort: number, quick: boolean }} settings */
export async function measureMemory(report, { effort, quick }) {
  report.begin(
    'memory',
    'Node: peak resident memory beyond input and output, one call in a fresh process',
  );
  await inTemporaryDirectory(async (directory) => {
    const pair = await keygen();
    const plain = randomFillSync(new Uint8Array(64 * MIB));
    const { bytes } = await encryptBundle(plain, { privateKey: pair.privateKey });
    const files = {
      encrypt: { input: join(directory, 'plain'), key: join(directory, 'private.pem') },
      decrypt: { input: join(directory, 'sealed'), key: join(directory, 'public.pem') },
    };
    writeFileSync(files.encrypt.input, plain);
    writeFileSync(files.decrypt.input, bytes);
    writeFileSync(files.encrypt.key, pair.privateKey);
    writeFileSync(files.decrypt.key, pair.publicKey);

    for (const backend of /** @type {const} */ (['node', 'webcrypto', 'noble'])) {
      const children = Math.ceil((backend === 'node' ? 9 : 3) * effort);
      for (const purpose of /** @type {const} */ (['encrypt', 'decrypt'])) {
        const { input, key } = files[purpose];
        const measured = Array.from({ length: children }, () =>
          runChild(purpose, backend, input, key),
        );
        const beyond = measured.map((child) => child.beyond / MIB);
        report.value(`${purpose} 64 MiB, ${backend} backend`, median(beyond), 'MiB', {
          min: Math.min(...beyond),
          details: { max: Math.max(...beyond), beyond },
          ...(backend === 'node' ? { target: TARGETS.peakMiB } : {}),
        });
      }
    }
  });
  await measureFileMemory(report, { quick });
}

/** @param {string[]} args @returns {{ beyond: number }} */
function runChild(...args) {
  return JSON.parse(
    execFileSync(process.execPath, ['--expose-gc', CHILD, ...args], { encoding: 'utf8' }),
  );
}

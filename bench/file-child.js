// @ts-check
// One file to another in a fresh process: node file-child.js job (as JSON). Prints how long it took, from the call
// on, and the peak of the whole process. The job `idle` does nothing, with the same modules loaded.

import { readFileSync } from 'node:fs';
import { decryptFile, encryptFile } from '../dist/node.js';
import { decryptByPipeline, encryptByPipeline } from './by-hand-files.js';
import { peak } from './peak.js';
import { writeZeroFile } from './temporary.js';

/**
 * @typedef {{ input: string, output: string }} Files
 * @typedef {{ do: 'idle' }
 *   | { do: 'write', output: string, bytes: number }
 *   | (Files & { do: 'encryptFile' | 'decryptFile', keyFile: string })
 *   | (Files & { do: 'encryptByPipeline' | 'decryptByPipeline', secrets: any, tuning: import('./by-hand-files.js').Tuning })
 * } Job
 */

/** @param {Job} job @returns {Promise<object>} */
async function run(job) {
  switch (job.do) {
    case 'idle':
      return {};
    case 'write':
      return measure(async () => writeZeroFile(job.output, job.bytes));
    case 'encryptFile': {
      const privateKey = readFileSync(job.keyFile, 'utf8');
      return measure(() => encryptFile(job.input, job.output, { privateKey }));
    }
    case 'decryptFile': {
      const publicKey = readFileSync(job.keyFile, 'utf8');
      return measure(() => decryptFile(job.input, job.output, { publicKey }));
    }
    case 'encryptByPipeline':
      return measure(() => encryptByPipeline(job.input, job.output, job.secrets, job.tuning));
    case 'decryptByPipeline':
      return measure(() => decryptByPipeline(job.input, job.output, job.secrets, job.tuning));
  }
}

/** @param {() => Promise<unknown>} call */
async function measure(call) {
  const start = performance.now();
  const result = await call();
  return { ms: performance.now() - start, result };
}

const measured = await run(JSON.parse(/** @type {string} */ (process.argv[2])));
console.log(JSON.stringify({ ...measured, peak: peak() }));

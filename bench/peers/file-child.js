// @ts-check
// One file sealed or opened in a fresh process. The job comes as JSON on standard input; the answer is the last
// line of standard output.

import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { keysOf, loadContender } from './contenders.js';

const job = JSON.parse(await text(process.stdin));
try {
  const done = job.purpose === 'idle' ? { peak: peak() } : await work(job);
  console.log(JSON.stringify(done));
} catch (error) {
  console.log(JSON.stringify({ error: describe(error) }));
}
// Some leave a handle open after an error.
process.exit();

/** @param {import('./child.js').Job} job @returns {Promise<import('./child.js').Done>} */
async function work({ purpose, id, keys: made, input, output, apart }) {
  const contender = await loadContender(id);
  const file = /** @type {import('./contenders.js').FileToFile} */ (contender.file);
  const keys = await keysOf(contender, made);
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const answer =
    purpose === 'seal'
      ? await file.seal(keys, input, output)
      : await file.open(keys, input, output, apart);
  const call = performance.now() - start;
  await flush(output);
  const onDisk = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    call,
    onDisk,
    cpu: (user + system) / 1000,
    peak: file.command ? (answer?.peak ?? Number.NaN) : peak(),
    apart: /** @type {any} */ (answer)?.apart,
  };
}

/** @param {string} path */
async function flush(path) {
  const file = await open(path, 'r+');
  await file.sync();
  await file.close();
}

/** Peak resident memory in bytes: of this program alone, where maxRSS begins with that of its parent. */
function peak() {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/** @type {RegExpExecArray} */ (/^VmHWM:\s+(\d+) kB$/m.exec(status))[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

/** Without the names of files, which differ from run to run. @param {unknown} error */
function describe(error) {
  const { name, code, message } = /** @type {any} */ (error);
  const folder = job.output.slice(0, job.output.lastIndexOf('/') + 1);
  const text = `${code ?? name}: ${message}`.replaceAll(folder, '').replace(/\s+/g, ' ');
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}

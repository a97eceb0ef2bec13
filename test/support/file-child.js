// Runs file functions in a process of its own: node file-child.js <module> <orders as JSON>. Prints a line at the
// beginning, and a line with the result.

import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [module, orders] = process.argv.slice(2);
const calls = await import(pathToFileURL(module).href);
const { jobs, forever = false, stopAt, user } = JSON.parse(orders);

if (user !== undefined) {
  process.setgroups([]);
  process.setgid(user);
  process.setuid(user);
}

let stop = stopAt;
function onProgress({ done, total }) {
  if (stop === undefined || done < stop * total) return;
  stop = undefined;
  process.kill(process.pid, 'SIGSTOP');
}

const errors = [];
writeSync(1, 'begun\n');
do {
  for (const { call, input, output, options } of jobs) {
    try {
      await calls[call](input, output, { ...options, onProgress });
      errors.push(null);
    } catch (error) {
      const { code, message, cause } = error;
      errors.push({ code, message, cause: cause?.code });
      if (forever) throw error;
    }
  }
} while (forever);
writeSync(1, `${JSON.stringify({ errors, maxMemory: process.resourceUsage().maxRSS })}\n`);

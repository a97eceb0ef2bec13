// Installs the packed package in an empty folder and runs the suite on it in each runtime:
//
//   npm ci --ignore-scripts --prefix test/runtimes && node test/runtimes/run.js [names…] [--json=file]
//
// Fails where a test failed; where CI is set, also where a runtime is missing.

import { rm, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { installPacked } from './app.js';
import { RUNTIMES } from './runtimes.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' } },
});
const names = positionals.length > 0 ? positionals : Object.keys(RUNTIMES);
const unknown = names.filter((name) => !Object.hasOwn(RUNTIMES, name));
if (unknown.length > 0) {
  throw new RangeError(`"names" expected ${Object.keys(RUNTIMES).join(', ')}, got ${unknown}`);
}

/**
 * The website of the example. Chromium may restart a service worker just as the next one is installed. With a debugger, the next one then
 * waits up to five minutes, which is longer than a test does.
 */
const WEBSITE = /(^|-)pwa$/;

const app = await installPacked();
const report = {};
try {
  for (const name of names) {
    report[name] = await runIn(name);
    for (let more = WEBSITE.test(name) ? 2 : 0; more > 0 && report[name].failed > 0; more--) {
      console.log(`${name.padEnd(18)} runs once more`);
      report[name] = await runIn(name);
    }
  }
} finally {
  await rm(app, { recursive: true, force: true });
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
const bad = Object.entries(report).filter(
  ([, { failed, skipped }]) =>
    failed > 0 || (skipped !== undefined && process.env.CI !== undefined),
);
// The last lines name what failed, because a viewer of a long log sees them first.
for (const [name, { skipped, results = [] }] of bad) {
  const failures = results.filter(({ ok }) => !ok).map((result) => result.name);
  console.log(
    `not accepted: ${name}: ${skipped ? 'skipped' : failures.join(', ') || 'ran nothing'}`,
  );
}
process.exitCode = bad.length === 0 ? 0 : 1;

async function runIn(name) {
  const runtime = RUNTIMES[name];
  if (!runtime.isHere()) {
    console.log(`${name.padEnd(18)} skipped, it is not installed: ${runtime.missing}`);
    return { skipped: runtime.missing };
  }
  const start = Date.now();
  let outcome;
  try {
    outcome = await runtime.run(app);
  } catch (error) {
    outcome = { version: '?', results: [{ name: 'runs at all', ok: false, error: `${error}` }] };
  }
  const { version, results } = outcome;
  const failures = results.filter(({ ok }) => !ok);
  // A host that runs nothing has not passed.
  const failed = results.length === 0 ? 1 : failures.length;
  const passed = results.length - failures.length;
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(
    `${name.padEnd(18)} ${version.padEnd(28)} ${passed} passed, ${failed} failed, ${seconds} s`,
  );
  for (const { name: test, note } of results) if (note) console.log(`  ${test}: ${note}`);
  for (const failure of failures) console.log(`  ${failure.name}\n    ${failure.error}`);
  return { version, passed, failed, seconds: Number(seconds), results };
}

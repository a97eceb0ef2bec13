// Prints the result of every part of .ci/run, the suites' own counts and the end of a failed part's log. Fails where a
// part failed or has no result, and where a suite ran no test, skipped one or left Chromium out.
//
//   node .ci/result.js RESULTS PART…

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SUITES = ['test', 'long', 'site', 'stores'];
// These run files in Node and again in Chromium. `site` starts a browser itself, and `stores` needs none.
const IN_BOTH = ['test', 'long'];
const QUOTED_LINES = 30;
const QUOTED_LENGTH = 200;
const [folder, ...parts] = process.argv.slice(2);
const complaints = [];

for (const part of parts) {
  const file = join(folder, `${part}.result`);
  const [result, seconds] = existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : [];
  console.log(
    `${part}: ${result ?? 'did not run'}${seconds === undefined ? '' : `, ${seconds} s`}`,
  );
  if (result !== 'passed') {
    complaints.push(`${part} ${result ?? 'did not run'}`);
    quoteLog(part);
  }
  if (SUITES.includes(part)) inspect(part);
}
if (parts.length === 0) complaints.push('no part was asked for');

for (const complaint of complaints) console.log(`not accepted: ${complaint}`);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** The end of a part's log. The log itself stands far above the result, where a viewer of the last lines does not see it. */
function quoteLog(part) {
  const file = join(folder, `${part}.log`);
  if (!existsSync(file)) return;
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-QUOTED_LINES);
  for (const line of lines) console.log(`  | ${line.slice(0, QUOTED_LENGTH)}`);
}

/** A suite by the report of Vitest. */
function inspect(part) {
  const report = reportOf(part);
  if (report === undefined) {
    complaints.push(`${part} left no report`);
    return;
  }
  const { numPassedTests: passed, numFailedTests: failed } = report;
  const skipped = report.numPendingTests + report.numTodoTests;
  // A file that runs in Node and in Chromium is there twice.
  const runs = new Map();
  for (const { name, assertionResults } of report.testResults) {
    if (assertionResults.length > 0) runs.set(name, (runs.get(name) ?? 0) + 1);
  }
  const inBoth = [...runs.values()].filter((count) => count === 2).length;
  if (passed === 0) complaints.push(`${part}: no test ran`);
  if (skipped > 0) complaints.push(`${part}: ${skipped} tests were skipped`);
  if (inBoth === 0 && IN_BOTH.includes(part)) complaints.push(`${part}: nothing ran in Chromium`);
  const both = IN_BOTH.includes(part) ? `, ${inBoth} of them in Node and in Chromium` : '';
  console.log(`  ${runs.size} files${both}`);
  console.log(`  ${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (!report.success) inspectFailures(part, report);
}

/** The tests that failed, each by name, and whether all of them passed when they ran again by themselves. */
function inspectFailures(part, report) {
  const again = reportOf(`${part}-again`);
  const passed = new Set(again?.success ? again.testResults.flatMap(passedTestsOf) : []);
  const failures = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => ({
        title: `${name}: ${fullName}`,
        message: failureMessages[0]?.split('\n')[0],
      })),
  );
  for (const { title, message } of failures) {
    const verdict = passed.has(title) ? 'failed beside other work, passed by itself' : 'failed';
    console.log(`  ${verdict}: ${title}\n    ${message}`);
  }
  const recovered = failures.length > 0 && failures.every(({ title }) => passed.has(title));
  if (!recovered) complaints.push(`${part}: a test failed`);
}

function passedTestsOf({ name, assertionResults }) {
  return assertionResults
    .filter(({ status }) => status === 'passed')
    .map(({ fullName }) => `${name}: ${fullName}`);
}

function reportOf(name) {
  const file = join(folder, `${name}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

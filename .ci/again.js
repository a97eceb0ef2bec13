// Runs the files of a suite that failed once more, by themselves: .ci/run has two lanes, and a test that waits for a browser
// can run out of time beside the other lane. Everything else stays a failure: a property that found a counterexample (the
// next run takes other examples), a fault outside a test, and more than three failed tests.
//
//   node .ci/again.js RESULTS/PART COMMAND…
//
// Reads RESULTS/PART.json and leaves RESULTS/PART-again.json behind. .ci/result.js names the tests.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const MOST_TESTS = 3;
const [stem, command, ...args] = process.argv.slice(2);

const report = existsSync(`${stem}.json`)
  ? JSON.parse(readFileSync(`${stem}.json`, 'utf8'))
  : { testResults: [] };
const failedFiles = report.testResults.filter(({ status }) => status === 'failed');
const failedTests = failedFiles.flatMap(({ assertionResults }) =>
  assertionResults.filter(({ status }) => status === 'failed'),
);

const refusal = refusalOf(failedFiles, failedTests);
if (refusal !== undefined) {
  console.log(`not run again: ${refusal}`);
  process.exit(1);
}
const files = [...new Set(failedFiles.map(({ name }) => name))];
console.log(`\nagain, by themselves:\n${files.map((file) => `  ${file}\n`).join('')}`);
const reporters = ['--reporter=default', '--reporter=json'];
const { status } = spawnSync(
  command,
  [...args, '--', ...files, ...reporters, `--outputFile.json=${stem}-again.json`],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;

function refusalOf(files, tests) {
  if (files.length === 0) return 'no test failed, so the fault is elsewhere';
  const isBroken = ({ assertionResults }) =>
    !assertionResults.some((result) => result.status === 'failed');
  if (files.some(isBroken)) return 'a file failed outside its tests';
  if (tests.length > MOST_TESTS) return `${tests.length} tests failed`;
  const isProperty = ({ failureMessages }) =>
    failureMessages.some((message) => message.includes('Property failed after'));
  if (tests.some(isProperty)) return 'a property has a counterexample';
  return undefined;
}

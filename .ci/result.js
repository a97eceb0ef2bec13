// Says what the suites' own report says, and fails where one did not run or a test was skipped.

import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { numPassedTests: passed, numFailedTests: failed } = report;
const skipped = report.numPendingTests + report.numTodoTests;

// A file that runs in Node and in Chromium is there twice.
const runs = new Map();
for (const { name, assertionResults } of report.testResults) {
  if (assertionResults.length > 0) runs.set(name, (runs.get(name) ?? 0) + 1);
}
const inBoth = [...runs.values()].filter((count) => count === 2).length;

const complaints = [];
if (!report.success) complaints.push('a suite failed');
if (passed === 0) complaints.push('no test ran');
if (skipped > 0) complaints.push(`${skipped} tests were skipped`);
if (inBoth === 0) complaints.push('nothing ran in Chromium');

console.log(`${runs.size} files, ${inBoth} of them in Node and in Chromium`);
for (const complaint of complaints) console.log(`not accepted: ${complaint}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = complaints.length === 0 ? 0 : 1;

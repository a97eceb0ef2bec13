// What the runs found, as counts and as the mutants that no test noticed.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PARTS } from './parts.js';

const root = join(import.meta.dirname, '../..');
const LONGEST = 80;
const AROUND = 20;

/** Of each part that has been run on this machine: the result of the whole part, or else that of a sample. */
export function readResults() {
  return Object.entries(PARTS).flatMap(([name, part]) => {
    const report = readFinished(part.result) ?? readFinished(part.sample);
    return report === undefined ? [] : [resultOf(name, part, report)];
  });
}

/** A result, or undefined if its run was interrupted: `run.js` adds the commit in the end. */
function readFinished(file) {
  const report = readJson(file);
  return report?.commit === undefined ? undefined : report;
}

function resultOf(name, { folder, files }, report) {
  const mutants = Object.entries(report.files)
    .filter(([file]) => files.includes(file))
    .flatMap(([file, { source, mutants }]) =>
      mutants.map((mutant) => describe(file, source.split('\n'), mutant)),
    );
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const explained = explain(folder, files, mutants);
  return {
    name,
    counts: {
      mutants: mutants.length,
      ran: mutants.length - count('Ignored'),
      killed: count('Killed'),
      timeout: count('Timeout'),
      survived: count('Survived'),
      noCoverage: count('NoCoverage'),
      errors: count('RuntimeError', 'CompileError'),
      unexplained: explained.survivors.filter(({ why }) => why === undefined).length,
      ...(report.sample === undefined ? {} : { seed: report.sample.seed }),
      commit: report.commit,
    },
    ...explained,
  };
}

/** The share of mutants that tests noticed, in percent. */
export function scoreOf(counts) {
  const noticed = counts.killed + counts.timeout;
  return (100 * noticed) / judged(counts);
}

/**
 * Where the score of the whole part lies with 95 % confidence when `counts` are those of a sample: the interval of Wilson, in
 * percent.
 */
export function intervalOf(counts) {
  const z = 1.96;
  const n = judged(counts);
  const share = scoreOf(counts) / 100;
  const middle = (share + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half =
    (z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2))) / (1 + z ** 2 / n);
  return [100 * (middle - half), 100 * (middle + half)];
}

function judged({ killed, timeout, survived, noCoverage }) {
  return killed + timeout + survived + noCoverage;
}

/**
 * Names a mutant by its change. Its line number moves whenever the lines above it change.
 *
 * @param lines - The lines of the file, without the mutant.
 * @param mutant - As a report of Stryker has it: lines and columns count from 1.
 */
export function describe(file, lines, { location, mutatorName, replacement, status }) {
  const { start, end } = location;
  const text = lines.slice(start.line - 1, end.line).join('\n');
  const tail = lines[end.line - 1].length - (end.column - 1);
  const original = text.slice(start.column - 1, text.length - tail);
  return {
    status,
    file,
    place: start.line,
    line: lines[start.line - 1].trim(),
    mutator: mutatorName,
    change: changeOf(flat(original), flat(replacement)),
  };
}

/** The code before and after: whole if it is short, otherwise the part that differs with a few characters around it. */
function changeOf(before, after) {
  if (before.length <= LONGEST && after.length <= LONGEST) return `${before} → ${after}`;
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  const least = Math.min(before.length, after.length) - start;
  while (end < least && before.at(-1 - end) === after.at(-1 - end)) end++;
  const part = (code) => {
    const from = Math.max(0, start - AROUND);
    const to = Math.min(code.length, code.length - end + AROUND);
    return `${from > 0 ? '…' : ''}${short(code.slice(from, to))}${to < code.length ? '…' : ''}`;
  };
  return `${part(before)} → ${part(after)}`;
}

function short(code) {
  return code.length <= LONGEST ? code : `${code.slice(0, LONGEST - 1)}…`;
}

function flat(code) {
  return code.replace(/\s+/g, ' ');
}

/** Each survivor with its reason from survivors/, and the reasons that no longer fit a survivor. */
function explain(folder, files, mutants) {
  // A reason of a folder belongs to the part that has the files directly in it, not to one of a folder below.
  const reasons = reasonsOf(folder).filter(({ file }) =>
    files.some((one) => file === one || file === `${dirname(one)}/`),
  );
  const mayLive = mutants.filter(({ status }) =>
    ['Survived', 'NoCoverage', 'Ignored'].includes(status),
  );
  return {
    survivors: mayLive
      .filter(({ status }) => status !== 'Ignored')
      .map((mutant) => ({ ...mutant, why: reasonFor(folder, mutant) })),
    stale: reasons.flatMap((reason) =>
      reason.changes
        .filter((change) => !mayLive.some((m) => m.change === change && fits(reason, m)))
        .map((change) => ({ file: reason.file, line: reason.line ?? reason.pattern, change })),
    ),
  };
}

/** Why no test can notice a mutant, if survivors/ says so. @param mutant - As {@link describe} returns it. */
export function reasonFor(folder, mutant) {
  return reasonsOf(folder).find((reason) => fits(reason, mutant))?.why;
}

function reasonsOf(folder) {
  return readJson(`test/mutation/survivors/${folder}.json`) ?? [];
}

function fits({ file, line, pattern, changes }, mutant) {
  return (
    isIn(file, mutant.file) &&
    (pattern === undefined ? line === mutant.line : new RegExp(pattern).test(mutant.line)) &&
    changes.includes(mutant.change)
  );
}

/** Whether a file is meant: by its name, or by the folder that it stands in. */
function isIn(fileOrFolder, file) {
  return fileOrFolder === file || (fileOrFolder.endsWith('/') && file.startsWith(fileOrFolder));
}

/** The parsed content of a file of the project, or undefined if there is no such file. */
export function readJson(name) {
  try {
    return JSON.parse(readFileSync(join(root, name), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

// What the runs found, as counts and as the mutants that no test noticed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PARTS } from './parts.js';

const root = join(import.meta.dirname, '../..');
const LONGEST = 80;
const AROUND = 20;

/** Of each folder of which every part has been run. */
export function readResults() {
  const parts = Object.values(PARTS);
  return [...new Set(parts.map(({ folder }) => folder))].flatMap((folder) => {
    const reports = parts
      .filter((part) => part.folder === folder)
      .map((part) => readJson(part.result));
    return reports.includes(undefined) ? [] : [resultOf(folder, reports)];
  });
}

function resultOf(folder, reports) {
  const files = reports.flatMap((report) => Object.entries(report.files));
  const mutants = files.flatMap(([file, { source, mutants }]) =>
    mutants.map((mutant) => describe(file, source.split('\n'), mutant)),
  );
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const noticed = count('Killed', 'Timeout');
  const unnoticed = mutants.filter(({ status }) => ['Survived', 'NoCoverage'].includes(status));
  return {
    folder,
    mutants: mutants.length,
    killed: count('Killed'),
    timeout: count('Timeout'),
    survived: count('Survived'),
    noCoverage: count('NoCoverage'),
    errors: count('RuntimeError', 'CompileError'),
    score: (100 * noticed) / (noticed + unnoticed.length),
    ...explain(folder, unnoticed),
  };
}

/** A mutant by what it changes, and not by its place, which moves with every line above it. */
function describe(file, lines, { location, mutatorName, replacement, status }) {
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

/** What became what: whole where it is short, and else the part that differs with a little around it. */
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

/** Each survivor with the reason that survivors/ has for it; and the reasons of those that survive no longer. */
function explain(folder, survivors) {
  const reasons = readJson(`test/mutation/survivors/${folder}.json`) ?? [];
  const fits = (reason, mutant) =>
    reason.file === mutant.file &&
    reason.line === mutant.line &&
    reason.changes.includes(mutant.change);
  return {
    survivors: survivors.map((mutant) => ({
      ...mutant,
      why: reasons.find((reason) => fits(reason, mutant))?.why,
    })),
    stale: reasons.flatMap(({ file, line, changes }) =>
      changes
        .filter((change) => !survivors.some((m) => fits({ file, line, changes: [change] }, m)))
        .map((change) => ({ file, line, change })),
    ),
  };
}

/** A file of the project, where it is there. */
export function readJson(name) {
  try {
    return JSON.parse(readFileSync(join(root, name), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

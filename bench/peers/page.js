// @ts-check Writes docs/peers.md from the measured figures only.

import { median } from '../timing.js';
import { CHARTS } from './charts.js';
import { OURS } from './contenders.js';
import { fileRowsOf, MIB, number, rowsOf, size } from './figures.js';
import { list, standing } from './words.js';

/** @typedef {import('./figures.js').Results} Results */

const PURPOSES = /** @type {const} */ ([
  ['seal', 'Sealing'],
  ['open', 'Opening'],
]);
const SPEED = { ahead: 'faster', behind: 'slower' };

/** @param {Results} results */
export function toMarkdown(results) {
  const sections = [
    introduction(results),
    whoTakesPart(results),
    proofs(results),
    ...results.memory.map((measured) => inMemory(results, measured)),
    fileToFile(results),
    ceiling(results),
    cannot(results),
  ];
  return `${sections.flat().join('\n').trimEnd()}\n`;
}

/** @param {Results} results */
function introduction({ machine, quick, seconds, memory, files }) {
  const { date, cpu, cores, memoryGiB, platform, node, openssl } = machine;
  const { loadAverage, loadAverageAtEnd } = machine;
  const rounds = memory.map(({ mib, rounds }) => `${size(mib)} in memory in ${rounds} rounds`);
  return [
    '# Beside its peers',
    '',
    'Compare the speed and memory of bundleseal with those of other libraries and commands that encrypt. `npm run bench:peers` writes',
    'this page; only the descriptions of the peers are typed by hand. All contenders get the same',
    'incompressible bytes. In memory, each runs once a round, in one process. File to file, each call has a process of its own, and',
    'each contender runs once a round as well. The tables show medians. A ratio says how many times as fast **bundleseal** is: the',
    'median over the rounds, each compared within itself. Below 1 the peer is faster. On a shared machine, read the ratios, and take a',
    'difference of a tenth for noise. Keys are parsed before the clock starts if the peer allows it. `bench/peers/README.md` in the',
    'repository describes the method.',
    '',
    `Measured on ${date}: ${list([...rounds, `${size(files.mib)} file to file in ${files.rounds} rounds`])}. Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}. Node ${node}, OpenSSL ${openssl}. Load average ${loadAverage.join(', ')} at the start, ${loadAverageAtEnd.join(', ')} at the end; the run took ${Math.round(seconds / 60)} minutes.`,
    '',
    ...(quick
      ? [
          '**This was a quick run**: few rounds and small files, to show that everything works. Do not quote its figures.',
          '',
        ]
      : []),
  ];
}

/** @param {Results} results */
function whoTakesPart({ contenders }) {
  const present = contenders.filter(({ missing }) => missing === undefined);
  const absent = contenders.filter(({ missing }) => missing !== undefined);
  return [
    '## Who takes part',
    '',
    ...table(
      ['', 'version', 'scheme', 'proves who sealed', 'to know'],
      present.map(({ name, version, what, sender, note }) => [
        `**${name}**`,
        version,
        what,
        sender,
        note ?? '',
      ]),
    ),
    '',
    ...absent.flatMap(({ name, missing }) => [`Not measured: ${name}, because ${missing}.`, '']),
  ];
}

/** @param {Results} results */
function proofs({ contenders, proofs }) {
  const rows = contenders.flatMap(({ id, name }) => {
    const proof = proofs[id];
    return proof === undefined ? [] : [[name, inMemoryProof(proof.memory), fileProof(proof.file)]];
  });
  return [
    '## One altered byte',
    '',
    'Before the measurement, each contender opened its own sealed output, and then the same output with one byte altered: in memory',
    'in the middle and at the end, file to file in the middle of 8 MiB. The table shows whether it refused the altered bytes, and how',
    'many bytes it left under the name of the output. A caller who does not clean up after the error keeps those bytes.',
    '',
    ...table(['', 'in memory', 'file to file'], rows),
    '',
  ];
}

/** @param {import('./prove.js').Altered[]} altered */
function inMemoryProof(altered) {
  if (altered.length === 0) return '–';
  const accepted = altered.filter(({ refused }) => !refused);
  return accepted.length === 0
    ? 'refused'
    : `**accepted** ${list(accepted.map(({ where }) => where))}`;
}

/** @param {import('./prove.js').AlteredFile | { cannot: string }} proof */
function fileProof(proof) {
  if ('cannot' in proof) return '–';
  const verdict = proof.refused ? 'refused' : '**accepted**';
  if (proof.left === 0) return `${verdict}, nothing left`;
  const wrong = proof.wrong === 0 ? 'all of them as sealed' : `**${proof.wrong} of them wrong**`;
  return `${verdict}, ${(proof.left / MIB).toFixed(1)} MiB left, ${wrong}`;
}

/** @param {Results} results @param {Results['memory'][number]} measured */
function inMemory(results, measured) {
  const lines = [`## In memory, ${size(measured.mib)}`, ''];
  for (const [purpose, title] of PURPOSES) {
    const rows = rowsOf(results, measured[purpose], measured.mib);
    lines.push(`### ${title} ${size(measured.mib)} in memory`, '');
    lines.push(standing(rows, SPEED), '');
    lines.push(
      ...table(
        ['', 'median', 'rate', 'ratio'],
        rows.map(({ id, name, timing, rate, ratio }) => [
          bold(id, name),
          `${number(timing.median)} ms`,
          `${number(rate)} MiB/s`,
          id === OURS ? '' : ratio.toFixed(2),
        ]),
        1,
      ),
      '',
    );
  }
  if (measured === results.memory.at(-1)) lines.push(...picture(results, 'memory'));
  return lines;
}

/** @param {Results} results */
function fileToFile(results) {
  const { mib, idlePeak } = results.files;
  const lines = [
    `## File to file, ${size(mib)}`,
    '',
    'The time of every contender ends when its output is flushed to the disk. bundleseal flushes within its call. The others leave',
    'this to the system; _call alone_ is the time until they return. _CPU_ is the CPU time of all threads of the process. _Memory_',
    `is its peak of resident memory beyond the ${number(idlePeak / MIB)} MiB of an idle Node process; for a command it is the whole peak.`,
    'Each contender opens the file that it has just sealed. The files of the others are still in the page cache. bundleseal writes',
    'past the page cache if the system can, so its file comes from the disk.',
    '',
  ];
  for (const [purpose, title] of PURPOSES) {
    const rows = fileRowsOf(results, purpose);
    lines.push(`### ${title} ${size(mib)} file to file`, '', standing(rows, SPEED), '');
    lines.push(
      ...table(
        ['', 'median', 'rate', 'ratio', 'call alone', 'CPU', 'memory'],
        rows.map(({ id, name, timing, rate, ratio, way }) => [
          bold(id, name) + footnotes(results, id, timing),
          seconds(timing.median),
          `${number(rate)} MiB/s`,
          id === OURS ? '' : ratio.toFixed(2),
          seconds(way.call.median),
          isCommand(results, id) ? '–' : seconds(way.cpu),
          memoryOf(way.peak),
        ]),
        1,
      ),
      '',
    );
  }
  lines.push(...picture(results, 'speed'), `### Peak memory at ${size(mib)}`, '');
  for (const [purpose, title] of PURPOSES) {
    const rows = fileRowsOf(results, purpose);
    const ours = rows.find(({ id }) => id === OURS)?.way.peak ?? Number.NaN;
    const compared = rows.map((row) => ({ ...row, ratio: row.way.peak / ours }));
    const words = { ahead: 'smaller', behind: 'larger' };
    lines.push(`${title}: bundleseal takes ${memoryOf(ours)}. ${standing(compared, words)}`, '');
  }
  return [...lines, ...picture(results, 'peak')];
}

/** @param {Results} results */
function ceiling({ files }) {
  const title = ['## The limit of the cores', ''];
  const [first] = files.ceilings;
  const ours = files.results[OURS];
  if (first === undefined)
    return [...title, 'Not measured: this machine has no openssl command.', ''];
  if (ours === undefined || 'cannot' in ours) {
    return [...title, 'Not compared: bundleseal was not measured file to file.', ''];
  }
  const gigabytes = (/** @type {'aes' | 'sha256' | 'ceiling'} */ which) =>
    `${number(median(files.ceilings.map((one) => one[which])) / MIB)} MiB/s`;
  const share = (/** @type {import('./figures.js').Timing} */ { times }) =>
    median(
      times.map((ms, i) => {
        const { ceiling } = /** @type {import('./ceiling.js').Ceiling} */ (files.ceilings[i]);
        return (files.mib * MIB) / (ms / 1000) / ceiling;
      }),
    );
  const percent = (/** @type {number} */ part) => `${Math.round(100 * part)} %`;
  return [
    ...title,
    `\`openssl speed\` in ${first.processes} processes at once, at the beginning of each round, one second each, in blocks of 256 KiB. The format needs one pass`,
    'of AES-256-GCM and two of SHA-256 (each encrypted chunk, and the whole). Their sum is the ceiling: the rate of code that reads,',
    'writes and copies nothing.',
    '',
    ...table(
      ['', 'rate', 'share of the ceiling'],
      [
        ['AES-256-GCM', gigabytes('aes'), ''],
        ['SHA-256', gigabytes('sha256'), ''],
        ['the ceiling: one of the first, two of the second', gigabytes('ceiling'), ''],
        ['**encryptFile**', rateOf(files.mib, ours.seal), percent(share(ours.seal.onDisk))],
        ['**decryptFile**', rateOf(files.mib, ours.open), percent(share(ours.open.onDisk))],
      ],
      1,
    ),
    '',
  ];
}

/** @param {Results} results */
function cannot({ contenders, files, proofs }) {
  const reasons = contenders.flatMap(({ id, name, memoryCannot }) => {
    const file = proofs[id]?.file;
    const result = files.results[id];
    return [
      ...(memoryCannot === undefined || proofs[id] === undefined
        ? []
        : [[name, 'in memory', memoryCannot]]),
      ...(file !== undefined && 'cannot' in file ? [[name, 'file to file', file.cannot]] : []),
      ...(result !== undefined && 'cannot' in result
        ? [[name, `file to file, ${size(files.mib)}`, `it met: \`${result.cannot}\``]]
        : []),
    ];
  });
  if (reasons.length === 0) return [];
  return ['## Not measured', '', ...table(['', 'what', 'why'], reasons), ''];
}

/** @param {Results} results @param {keyof typeof CHARTS} which */
function picture(results, which) {
  const { file, title } = CHARTS[which];
  const alt = title(results);
  return [
    '<picture>',
    `  <source media="(prefers-color-scheme: dark)" srcset="charts/${file}-dark.svg">`,
    `  <img alt="${alt}: the figures of the tables as bars" src="charts/${file}-light.svg">`,
    '</picture>',
    '',
  ];
}

/** @param {Results} results @param {string} id @param {import('./figures.js').Timing} timing */
function footnotes({ contenders, files }, id, timing) {
  const notes = [
    ...(contenders.find((one) => one.id === id)?.buffers ? ['whole file in memory'] : []),
    ...(timing.times.length < files.rounds
      ? [`${timing.times.length} of ${files.rounds} rounds`]
      : []),
  ];
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}

/** @param {Results} results @param {string} id */
function isCommand({ contenders }, id) {
  return contenders.some((one) => one.id === id && one.command);
}

/** @param {number} mib @param {import('./figures.js').Way} way */
function rateOf(mib, { onDisk }) {
  return `${number(mib / (onDisk.median / 1000))} MiB/s`;
}

/** @param {string} id @param {string} name */
function bold(id, name) {
  return id === OURS ? `**${name}**` : name;
}

/** @param {number} bytes */
function memoryOf(bytes) {
  return Number.isNaN(bytes) ? '–' : `${number(bytes / MIB)} MiB`;
}

/** @param {number} milliseconds */
function seconds(milliseconds) {
  return `${number(milliseconds / 1000)} s`;
}

/** In columns, as the formatter wants it. @param {string[]} headings @param {string[][]} rows @param {number} [numbersFrom] - Columns of figures. */
function table(headings, rows, numbersFrom = headings.length) {
  const lines = [headings, ...rows].map((cells) =>
    cells.map((cell) => cell.replaceAll('|', '\\|')),
  );
  const widths = headings.map((_, i) =>
    Math.max(3, ...lines.map((cells) => (cells[i] ?? '').length)),
  );
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, i) => (i < numbersFrom ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, i) =>
    i < numbersFrom ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const [first, ...others] = lines.map(line);
  return [String(first), `| ${rule.join(' | ')} |`, ...others];
}

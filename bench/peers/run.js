// @ts-check
// node bench/peers/run.js [--write] [--quick] [--only id,id] [--json FILE]

import '../expose-gc.js';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine, loadAverage } from '../machine.js';
import { IDS, keysOf, loadContender, OURS } from './contenders.js';
import { installDependencies } from './dependencies.js';
import { measureFileToFile } from './measure-files.js';
import { measureInMemory } from './measure-memory.js';
import { proveFileToFile, proveInMemory } from './prove.js';
import { mustHaveRoom, temporaryFolder } from './temporary.js';

const MIB = 2 ** 20;
const DOCS = new URL('../../docs/', import.meta.url);
const FULL = { small: 21, large: 7, files: 3, fileMib: 1024 };
const QUICK = { small: 5, large: 3, files: 3, fileMib: 64 };

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const wanted = values.only?.split(',') ?? IDS;
const unknown = wanted.filter((id) => !IDS.includes(id));
if (unknown.length > 0) {
  console.error(`no such contender: ${unknown.join(', ')}; there are ${IDS.join(', ')}`);
  process.exit(2);
}
if (values.write && values.only !== undefined) {
  console.error('--write is for everyone: a page of some would mislead');
  process.exit(2);
}
if (!existsSync(new URL('../../dist/index.js', import.meta.url))) {
  console.error('bundleseal has not been built: npm run build');
  process.exit(2);
}
installDependencies();

const effort = values.quick ? QUICK : FULL;
/** @type {(() => void)[]} */
const discards = [];
const folder = temporaryFolder(() => {
  for (const discard of discards) discard();
});
// The bundle, sealed, opened; a text is a third longer.
mustHaveRoom(folder, 4 * effort.fileMib * MIB);

const machine = describeMachine();
const start = performance.now();
const all = [];
for (const id of IDS) if (id === OURS || wanted.includes(id)) all.push(await loadContender(id));
const present = all.filter(({ name, missing }) => {
  if (missing !== undefined) console.log(`${name} does not take part: ${missing}`);
  return missing === undefined;
});

console.log(`\nProofs (load average ${loadAverage().join(' ')})`);
/** @type {Record<string, any>} */
const made = {};
/** @type {Record<string, any>} */
const keys = {};
/** @type {Record<string, { memory: import('./prove.js').Altered[], file: import('./prove.js').AlteredFile | { cannot: string } }>} */
const proofs = {};
for (const contender of present) {
  const { id, name, makeKeys, discardKeys } = contender;
  made[id] = await makeKeys(folder);
  if (discardKeys !== undefined) discards.push(() => discardKeys(made[id]));
  keys[id] = await keysOf(contender, made[id]);
  const memory = await proveInMemory(contender, keys[id]);
  const file = await proveFileToFile(contender, made[id], folder);
  proofs[id] = { memory, file };
  console.log(`  ${name}: ${JSON.stringify(proofs[id])}`);
}

const inMemory = present.filter(({ memory }) => !('cannot' in memory));
const memory = [];
for (const [mib, rounds] of /** @type {const} */ ([
  [4, effort.small],
  [64, effort.large],
])) {
  console.log(`\nIn memory, ${mib} MiB (load average ${loadAverage().join(' ')})`);
  const measured = await measureInMemory(inMemory, keys, { mib, rounds });
  for (const { id, name } of inMemory) {
    const [seal, open] = [measured.seal[id], measured.open[id]];
    console.log(`  ${name}: ${seal?.median.toFixed(1)} ms, ${open?.median.toFixed(1)} ms`);
  }
  memory.push(measured);
}

console.log(`\nFile to file, ${effort.fileMib} MiB (load average ${loadAverage().join(' ')})`);
const files = await measureFileToFile(
  present.filter(({ id }) => !('cannot' in (proofs[id]?.file ?? {}))),
  made,
  { mib: effort.fileMib, rounds: effort.files, folder, say: console.log },
);

const results = {
  machine: { ...machine, loadAverageAtEnd: loadAverage() },
  quick: values.quick,
  seconds: Math.round((performance.now() - start) / 1000),
  contenders: all.map(({ id, name, version, what, sender, note, missing, memory, file }) => ({
    ...{ id, name, version, what, sender, note, missing },
    buffers: 'buffers' in file && file.buffers === true,
    command: 'command' in file && file.command === true,
    memoryCannot: 'cannot' in memory ? memory.cannot : undefined,
  })),
  proofs,
  memory,
  files,
};
console.log(`\n${results.seconds} s, load average ${loadAverage().join(' ')}`);
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
}
if (values.write) {
  const { toMarkdown } = await import('./page.js');
  const { drawCharts } = await import('./charts.js');
  mkdirSync(new URL('charts/', DOCS), { recursive: true });
  for (const [name, svg] of await drawCharts(results)) {
    writeFileSync(new URL(`charts/${name}`, DOCS), svg);
  }
  writeFileSync(new URL('peers.md', DOCS), toMarkdown(results));
}

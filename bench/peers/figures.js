// @ts-check Figures of the results for the page and the charts.

import { speedRatio } from '../timing.js';
import { OURS } from './contenders.js';

export const MIB = 2 ** 20;

/**
 * @typedef {import('../timing.js').Timing} Timing
 * @typedef {import('./measure-files.js').Way} Way
 * @typedef {{ id: string, name: string, version: string, what: string, sender: string,
 *   note: string | undefined, missing: string | undefined, memoryCannot: string | undefined, buffers: boolean,
 *   command: boolean }} Described
 * @typedef {{ id: string, name: string, timing: Timing, rate: number, ratio: number, way?: Way }} Row MiB a
 * second; how many times as fast bundleseal is, the median over the rounds that both were in
 * @typedef {{
 *   machine: any,
 *   quick: boolean,
 *   seconds: number,
 *   contenders: Described[],
 *   proofs: Record<string, { memory: import('./prove.js').Altered[], file: import('./prove.js').AlteredFile | { cannot: string } }>,
 *   memory: import('./measure-memory.js').InMemory[],
 *   files: import('./measure-files.js').FileToFile,
 * }} Results
 */

/** Fastest first. @param {Results} results @param {Record<string, Timing>} timings @param {number} mib @returns {Row[]} */
export function rowsOf({ contenders }, timings, mib) {
  const ours = /** @type {Timing} */ (timings[OURS]);
  return contenders
    .flatMap(({ id, name }) => {
      const timing = timings[id];
      if (timing === undefined) return [];
      const shared = ours && { ...ours, times: ours.times.slice(0, timing.times.length) };
      const ratio = ours === undefined ? Number.NaN : speedRatio(shared, timing);
      return [{ id, name, timing, rate: mib / (timing.median / 1000), ratio }];
    })
    .sort((a, b) => b.rate - a.rate);
}

/** @param {Results} results @param {'seal' | 'open'} purpose @returns {(Row & { way: Way })[]} */
export function fileRowsOf(results, purpose) {
  const ways = Object.entries(results.files.results).flatMap(([id, result]) =>
    'cannot' in result ? [] : [/** @type {const} */ ([id, result[purpose]])],
  );
  const timings = Object.fromEntries(ways.map(([id, { onDisk }]) => [id, onDisk]));
  const byId = Object.fromEntries(ways);
  return rowsOf(results, timings, results.files.mib).map((row) => ({
    ...row,
    way: /** @type {Way} */ (byId[row.id]),
  }));
}

/** @param {number} mib */
export function size(mib) {
  return mib >= 1024 ? `${mib / 1024} GiB` : `${mib} MiB`;
}

/** Three significant digits, and no fewer than the whole number has. @param {number} value */
export function number(value) {
  if (Number.isNaN(value)) return '–';
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

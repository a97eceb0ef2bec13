// @ts-check Prints the table during the run, and keeps the figures.

import { describeMachine, loadAverage } from './machine.js';
import { isMet } from './targets.js';
import { speedRatio } from './timing.js';

/**
 * @typedef {import('./targets.js').Target} Target
 * @typedef {import('./timing.js').Timing} Timing
 * @typedef {{ part: string, what: string, value: number, unit: string, target?: Target, met?: boolean, details?: object }} Figure
 */

const WIDTHS = [62, 12, 12, 14, 9, 16];
const HEADINGS = ['', 'median', 'min', 'rate', 'ratio', 'target'];

export function createReport() {
  const machine = describeMachine();
  /** @type {Figure[]} */
  const figures = [];
  /** @type {string[]} */
  const missing = [];
  let part = '';

  /** @param {Omit<Figure, 'part' | 'met'>} figure @param {string[]} cells */
  function keep(figure, cells) {
    const met = isMet(figure.value, figure.target);
    figures.push({ part, ...figure, ...(met === undefined ? {} : { met }) });
    print([figure.what, ...cells, describeTarget(figure.target, met)]);
  }

  return {
    figures,
    printMachine() {
      const { cpu, cores, memoryGiB, platform, node, openssl, v8, loadAverage: load } = machine;
      console.log(`${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}`);
      console.log(`Node ${node}, OpenSSL ${openssl}, V8 ${v8}; load average ${load.join(' ')}`);
    },
    /** @param {string} name @param {string} explanation */
    begin(name, explanation) {
      part = name;
      console.log(`\n${explanation} (load average ${loadAverage().join(' ')})`);
      print(HEADINGS);
    },
    /**
     * The figure of this library and of the peer.
     *
     * @param {string} what
     * @param {Record<string, Timing>} timings - The first one is ours.
     * @param {{ bytes: number, target?: Target | readonly (Target | undefined)[] }} options - The target is for the ratio to the first
     * peer; several are for one peer each.
     */
    compare(what, timings, { bytes, target }) {
      const [[oursName, ours], ...peers] =
        /** @type {[[string, Timing], ...[string, Timing][]]} */ (Object.entries(timings));
      const cells = (/** @type {Timing} */ { median, min }) => [
        milliseconds(median),
        milliseconds(min),
        `${round(bytes / 2 ** 20 / (median / 1000))} MiB/s`,
      ];
      print([`${what}: ${oursName}`, ...cells(ours)]);
      const targets = target === undefined ? [] : [target].flat();
      peers.forEach(([name, peer], i) => {
        const ratio = speedRatio(ours, peer);
        const figure = {
          what: `  / ${name}`,
          value: ratio,
          unit: 'times as fast',
          ...(targets[i] && { target: targets[i] }),
        };
        keep(figure, [...cells(peer), ratio.toFixed(3)]);
        Object.assign(/** @type {Figure} */ (figures.at(-1)), {
          what: `${what} / ${name}`,
          details: { bytes, ours, peer },
        });
      });
    },
    /** @param {string} what @param {Timing} timing @param {Target} [target] */
    time(what, timing, target) {
      const figure = { what, value: timing.median, unit: 'ms', details: timing };
      keep({ ...figure, ...(target && { target }) }, [
        milliseconds(timing.median),
        milliseconds(timing.min),
        '',
        '',
      ]);
    },
    /** @param {string} what @param {number} value @param {string} unit @param {{ target?: Target, min?: number, details?: object }} [options] */
    value(what, value, unit, { target, min, details } = {}) {
      const figure = { what, value, unit, ...(target && { target }), ...(details && { details }) };
      const low = min === undefined ? '' : `${round(min)} ${unit}`;
      keep(figure, [`${round(value)} ${unit}`, low, '', '']);
    },
    /** @param {string} why */
    skip(why) {
      missing.push(why);
      console.log(`NOT MEASURED: ${why}`);
    },
    summarize() {
      console.log(`\nTargets (load average ${loadAverage().join(' ')})`);
      for (const { part: from, what, value, unit, target, met } of figures) {
        if (target === undefined) continue;
        const verdict = met ? 'met    ' : 'NOT MET';
        const held = `${round(value)} ${unit} (${target.op} ${target.value})`;
        console.log(`${verdict}  ${`${from}: ${what}`.padEnd(82)} ${held}`);
      }
      for (const why of missing) console.log(`NOT MEASURED  ${why}`);
    },
    all() {
      return { machine: { ...machine, loadAverageAtEnd: loadAverage() }, figures, missing };
    },
  };
}

/** @param {string[]} cells */
function print(cells) {
  const line = cells.map((cell, i) => {
    const width = /** @type {number} */ (WIDTHS[i]);
    return i === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  console.log(line.join(' ').trimEnd());
}

/** @param {Target | undefined} target @param {boolean | undefined} met */
function describeTarget(target, met) {
  return target === undefined ? '' : `${target.op} ${target.value} ${met ? 'met' : 'NOT MET'}`;
}

/** @param {number} value */
function milliseconds(value) {
  return `${round(value)} ms`;
}

/** Three significant digits, and no fewer than the whole number has. @param {number} value */
function round(value) {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

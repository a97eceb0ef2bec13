// @ts-check The charts, as SVG. Vega-Lite describes them and Vega draws them. It is the only well-kept plotting
// library that makes SVG in Node without a browser, a fake document, or native code.

import { parse, View } from 'vega';
import { compile } from 'vega-lite';
import { OURS } from './contenders.js';
import { fileRowsOf, MIB, number, rowsOf, size } from './figures.js';

/** @typedef {import('./figures.js').Results} Results */
/** @typedef {{ name: string, value: number, ours: boolean }} Bar */

const THEMES = {
  light: { background: '#ffffff', text: '#1f2328', ours: '#0969da', peer: '#afb8c1' },
  dark: { background: '#0d1117', text: '#e6edf3', ours: '#4493f8', peer: '#57606a' },
};
const WIDTH = 420;
const ROW = 20;
/** Room for the longest name. Without a canvas Vega takes text for wider than it is: the limit is beyond that. */
const AXIS = { labelLimit: 500, minExtent: 250, maxExtent: 250 };

/** @type {Record<'memory' | 'speed' | 'peak', { file: string, title: (results: Results) => string, order: 'ascending' | 'descending', bars: (results: Results, purpose: 'seal' | 'open') => Bar[] }>} */
export const CHARTS = {
  memory: {
    file: 'peers-memory',
    title: ({ memory }) =>
      `In memory, ${size(memory.at(-1)?.mib ?? 0)}: MiB a second, more is better`,
    order: 'descending',
    bars: (results, purpose) => {
      const measured = /** @type {Results['memory'][number]} */ (results.memory.at(-1));
      return rowsOf(results, measured[purpose], measured.mib).map(({ id, name, rate }) => ({
        name,
        value: rate,
        ours: id === OURS,
      }));
    },
  },
  speed: {
    file: 'peers-files',
    title: ({ files }) => `File to file, ${size(files.mib)}: MiB a second, more is better`,
    order: 'descending',
    bars: (results, purpose) =>
      fileRowsOf(results, purpose).map(({ id, name, rate }) => ({
        name,
        value: rate,
        ours: id === OURS,
      })),
  },
  peak: {
    file: 'peers-peak',
    title: ({ files }) => `File to file, ${size(files.mib)}: peak memory in MiB, less is better`,
    order: 'ascending',
    bars: (results, purpose) =>
      fileRowsOf(results, purpose).flatMap(({ id, name, way }) =>
        // The memory of a command is unknown if the system does not report it.
        Number.isFinite(way.peak) ? [{ name, value: way.peak / MIB, ours: id === OURS }] : [],
      ),
  },
};

/** @param {Results} results @returns {Promise<[string, string][]>} file names and SVG */
export async function drawCharts(results) {
  /** @type {[string, string][]} */
  const drawn = [];
  for (const { file, title, order, bars } of Object.values(CHARTS)) {
    for (const [theme, colors] of Object.entries(THEMES)) {
      const halves = /** @type {const} */ (['seal', 'open']).map((purpose) =>
        half(purpose === 'seal' ? 'Sealing' : 'Opening', bars(results, purpose), order, colors),
      );
      const spec = /** @type {any} */ ({
        title: { text: title(results), anchor: 'start', fontSize: 15, offset: 12 },
        background: colors.background,
        padding: 12,
        spacing: 20,
        vconcat: halves,
        config: configOf(colors),
      });
      const view = new View(parse(compile(spec).spec), { renderer: 'none' });
      drawn.push([`${file}-${theme}.svg`, `${await view.toSVG()}\n`]);
      view.finalize();
    }
  }
  return drawn;
}

/** @param {string} title @param {Bar[]} bars @param {'ascending' | 'descending'} sort @param {typeof THEMES['light']} colors */
function half(title, bars, sort, colors) {
  const values = bars.map((bar) => ({ ...bar, label: number(bar.value) }));
  const sign = sort === 'ascending' ? 1 : -1;
  const names = [...bars].sort((a, b) => sign * (a.value - b.value)).map(({ name }) => name);
  const y = { field: 'name', type: 'nominal', sort: names, title: null, axis: AXIS };
  return {
    title: { text: title, anchor: 'start', fontSize: 13, fontWeight: 'normal' },
    width: WIDTH,
    height: { step: ROW },
    data: { values },
    encoding: { y },
    layer: [
      {
        mark: { type: 'bar', cornerRadiusEnd: 2 },
        encoding: {
          x: { field: 'value', type: 'quantitative', title: null, axis: null },
          color: {
            condition: { test: 'datum.ours', value: colors.ours },
            value: colors.peer,
          },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 4 },
        encoding: {
          x: { field: 'value', type: 'quantitative' },
          text: { field: 'label' },
        },
      },
    ],
  };
}

/** @param {typeof THEMES['light']} colors */
function configOf({ text }) {
  return {
    font: 'system-ui, sans-serif',
    title: { color: text },
    text: { color: text, fontSize: 12 },
    view: { stroke: null },
    axis: {
      labelColor: text,
      labelFontSize: 12,
      domain: false,
      ticks: false,
      grid: false,
    },
  };
}

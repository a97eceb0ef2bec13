// @ts-check Draws every picture of docs/pictures, light and dark:
//
//   npm run update:pictures

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { altOf, drawBars, jobGroups, patchGroups, stageGroups } from './bars.js';
import { drawKeys, ALT as KEYS } from './keys.js';
import { drawLayers, ALT as LAYERS } from './layers.js';
import { drawRollback, ALT as ROLLBACK } from './rollback.js';
import { THEMES } from './svg.js';

/** @typedef {import('./svg.js').Theme} Theme */

const ROOT = new URL('../../', import.meta.url);
const FOLDER = new URL('docs/pictures/', ROOT);
const RESULTS = new URL('bench/results.json', ROOT);

/** @type {import('./bars.js').Results} */
const results = JSON.parse(readFileSync(RESULTS, 'utf8'));
const { cpu, cores, node, loadAverage } = results.machines?.['job'] ?? results.machine;
const [load = 0] = loadAverage;
const isBusy = load > cores;
const source = `Median of several runs in turn. ${cpu}, ${cores} cores, Node ${node}, load average ${load}${isBusy ? ', as the machine did other work' : ''}.`;
const JOB = 'The whole job, as processes: less is better';
const STAGES = 'Where the time of the whole job goes, on the main thread';
const PATCHES = 'Bytes of a patch between two releases of real apps: less is better';

/**
 * The text alternative and the drawing function of each picture, by name. @type {Record<string, { alt: string, draw:
 * (theme: Theme) => string }>}
 */
export const PICTURES = {
  keys: { alt: KEYS, draw: drawKeys },
  rollback: { alt: ROLLBACK, draw: drawRollback },
  layers: { alt: LAYERS, draw: drawLayers },
  job: {
    alt: altOf(JOB, jobGroups(results)),
    draw: (theme) => drawBars(JOB, jobGroups(results), source, theme),
  },
  stages: {
    alt: altOf(STAGES, stageGroups(results)),
    draw: (theme) => drawBars(STAGES, stageGroups(results), source, theme),
  },
  patches: {
    alt: altOf(PATCHES, patchGroups(results)),
    draw: (theme) =>
      drawBars(
        PATCHES,
        patchGroups(results),
        'Source maps are left out. Ours includes its signature.',
        theme,
      ),
  },
};

/** Names and contents of the files. */
export function drawn() {
  return Object.entries(PICTURES).flatMap(([name, { draw }]) =>
    Object.entries(THEMES).map(
      ([theme, colors]) => /** @type {const} */ ([`${name}-${theme}.svg`, draw(colors)]),
    ),
  );
}

/** A page with the text of each of its pictures as it is now. @param {string} page */
export function withTexts(page) {
  return page.replace(
    /<img alt="[^"]*" src="([^"]*pictures\/(\w+)-light\.svg)">/g,
    (whole, src, name) => {
      const alt = PICTURES[name]?.alt;
      return alt === undefined ? whole : `<img alt="${alt}" src="${src}">`;
    },
  );
}

if (process.argv[1] === import.meta.filename) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [file, content] of drawn()) writeFileSync(new URL(file, FOLDER), content);
  const docs = readdirSync(new URL('docs/', ROOT), { recursive: true, encoding: 'utf8' });
  for (const page of ['README.md', ...docs.map((name) => `docs/${name}`)]) {
    if (!page.endsWith('.md')) continue;
    const place = new URL(page, ROOT);
    const text = readFileSync(place, 'utf8');
    if (withTexts(text) !== text) writeFileSync(place, withTexts(text));
  }
}

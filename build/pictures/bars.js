// @ts-check Charts of the benchmarks, from bench/results.json only: `npm run bench -- job patches` measures, and `npm run
// update:pictures` draws.

import { rect, svg, text } from './svg.js';

/** @typedef {import('./svg.js').Theme} Theme */
/** @typedef {{ part: string, what: string, value: number, details?: any }} Figure */
/** @typedef {{ cpu: string, cores: number, node: string, loadAverage: number[] }} Machine */
/** @typedef {{ machine: Machine, machines?: Record<string, Machine>, figures: Figure[] }} Results - `machines`: by part. */
/** @typedef {{ name: string, value: number, label: string, ours: boolean }} Bar */
/** @typedef {{ title: string, bars: Bar[] }} Group */

const WIDTH = 900;
const NAMES = 220;
const ROW = 22;
const OURS = 'bundleseal';

/** The whole job: a folder into a sealed file and back, for each size. @param {Results} results @returns {Group[]} */
export function jobGroups({ figures }) {
  /** @type {Map<string, Bar[]>} */
  const groups = new Map();
  for (const { part, what, details } of figures) {
    // The names of bench/job.js: the operation, the size, and the other tools.
    const [, job, peer] =
      /^((?:folder to sealed file|sealed file to folder), .+) \/ (.+)$/.exec(what) ?? [];
    if (part !== 'job' || job === undefined || peer === undefined) continue;
    const bars = groups.get(job) ?? [bar(OURS, details.ours.median, seconds)];
    groups.set(job, [...bars, bar(peer, details.peer.median, seconds)]);
  }
  return [...groups].map(([title, bars]) => ({ title: capital(title), bars }));
}

/** The least share of a job for which a stage has a bar of its own. */
const VISIBLE = 0.01;

/** Where the time of sealing and opening a folder goes. @param {Results} results @returns {Group[]} */
export function stageGroups({ figures }) {
  return figures.flatMap(({ part, what, value, details }) => {
    const [, job] = /^where the time goes, (.+)/.exec(what) ?? [];
    if (part !== 'job' || job === undefined) return [];
    /** @type {{ stage: string, ms: number }[]} */
    const stages = details.stages;
    const bars = stages
      .filter(({ ms }) => ms >= VISIBLE * value)
      .map(({ stage, ms }) => bar(stage, ms, seconds, true));
    return [{ title: `${capital(job)}: ${seconds(value)}`, bars }];
  });
}

/** Patches beside those of other tools. @param {Results} results @returns {Group[]} */
export function patchGroups({ figures }) {
  return figures.flatMap(({ part, what, details }) => {
    if (part !== 'patches' || details?.zstd === undefined) return [];
    const bars = [
      bar(`${OURS}, sealed`, details.sealed, kilobytes, true),
      bar('zstd -19 --patch-from', details.zstd, kilobytes),
      bar('bsdiff', details.bsdiff, kilobytes),
    ];
    return [{ title: what.replace(/: .*/, ''), bars }];
  });
}

/** @param {string} name @param {number} value @param {(value: number) => string} label @param {boolean} [ours] */
function bar(name, value, label, ours = name === OURS) {
  return { name, value, label: label(value), ours };
}

/** Makes the text alternative of a chart. @param {string} title @param {readonly Group[]} groups */
export function altOf(title, groups) {
  const said = groups.map(
    ({ title: group, bars }) =>
      `${group}: ${bars.map(({ name, label }) => `${name} ${label}`).join(', ')}`,
  );
  return `${title}. ${said.join('. ')}.`;
}

/** @param {string} title @param {readonly Group[]} groups @param {string} source @param {Theme} theme */
export function drawBars(title, groups, source, theme) {
  if (groups.length === 0) throw new Error(`nothing was measured for: ${title}`);
  const body = [text(16, 28, title, theme.text, { size: 15, weight: 600 })];
  let y = 52;
  for (const { title: group, bars } of groups) {
    body.push(text(16, y + 10, group, theme.muted));
    y += 20;
    const largest = Math.max(...bars.map(({ value }) => value));
    for (const { name, value, label, ours } of bars) {
      const width = Math.max(2, (value / largest) * (WIDTH - NAMES - 120));
      body.push(
        text(NAMES - 8, y + 14, name, theme.text, { anchor: 'end', weight: ours ? 600 : 400 }),
        rect(NAMES, y + 2, width, ROW - 6, { fill: ours ? theme.ours : theme.peer, radius: 2 }),
        text(NAMES + width + 6, y + 14, label, theme.text, { weight: ours ? 600 : 400 }),
      );
      y += ROW;
    }
    y += 12;
  }
  body.push(text(16, y + 10, source, theme.muted, { size: 11 }));
  return svg({
    width: WIDTH,
    height: y + 24,
    title,
    description: altOf(title, groups),
    theme,
    body,
  });
}

/** @param {number} ms */
const seconds = (ms) =>
  ms >= 1000 ? `${(ms / 1000).toFixed(ms >= 10_000 ? 0 : 1)} s` : `${Math.round(ms)} ms`;
/** @param {number} bytes */
const kilobytes = (bytes) =>
  bytes >= 1e6
    ? `${(bytes / 1e6).toFixed(2)} MB`
    : `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
/** @param {string} value */
const capital = (value) => value.charAt(0).toUpperCase() + value.slice(1);

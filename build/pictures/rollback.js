// @ts-check Draws how a device rolls back an update that does not work.

import { line, rect, svg, text } from './svg.js';

/** @typedef {import('./svg.js').Theme} Theme */

export const ALT =
  'Sequence of an update: the publisher uploads release 8, a patch and a signed index to static storage. The updater on the device reads and verifies the index, downloads the patch, makes release 8 and verifies it. The next start runs release 8 on trial. It crashes at three starts without confirming, so the updater blocks it, and the next start runs release 7 again.';

const ACTORS = [
  ['Publisher', 100],
  ['Static storage', 310],
  ['Updater on the device', 540],
  ['The app', 780],
];
const [PUBLISHER, STORE, UPDATER, APP] = [0, 1, 2, 3];

/** @typedef {{ from: number, to: number, label: string, back?: boolean, bad?: boolean }} Message */
/** @typedef {{ at: number, note: string, tone: 'good' | 'bad' }} Note */

/** @type {readonly (Message | Note)[]} */
const STEPS = [
  { from: PUBLISHER, to: STORE, label: 'patch 7 → 8, bundle, signed index' },
  { from: UPDATER, to: STORE, label: 'check: reads the index' },
  { at: UPDATER, note: 'signature, order and expiry hold', tone: 'good' },
  { from: STORE, to: UPDATER, label: 'patch 7 → 8', back: true },
  { at: UPDATER, note: 'release 8 is whole: its id is the signed one', tone: 'good' },
  { from: UPDATER, to: APP, label: 'start: release 8, on trial' },
  { at: APP, note: 'crashes before confirm, at three starts', tone: 'bad' },
  { at: UPDATER, note: 'blocks release 8', tone: 'bad' },
  { from: UPDATER, to: APP, label: 'start: release 7' },
  { from: APP, to: UPDATER, label: 'confirm: release 7 works', back: true },
];
const TOP = 84;
const STEP = 36;

/** @param {Theme} theme */
export function drawRollback(theme) {
  const [width, height] = [900, TOP + STEPS.length * STEP + 12];
  const x = (/** @type {number} */ actor) => Number(ACTORS[actor]?.[1]);
  const body = ACTORS.flatMap(([name, at]) => [
    line(
      [
        [Number(at), 52],
        [Number(at), height - 12],
      ],
      theme.line,
      { head: false, dashed: true },
    ),
    rect(Number(at) - 92, 16, 184, 36, { fill: theme.panel, stroke: theme.line }),
    text(Number(at), 39, String(name), theme.text, { anchor: 'middle', weight: 600 }),
  ]);
  STEPS.forEach((step, i) => {
    const y = TOP + i * STEP;
    if ('note' in step) {
      const color = theme[step.tone];
      const w = 32 + step.note.length * 6.6;
      const left = Math.min(x(step.at) - w / 2, width - w - 8);
      body.push(
        rect(left, y - 15, w, 26, { fill: theme.background, stroke: color }),
        text(left + w / 2, y + 3, step.note, color, { anchor: 'middle', size: 12, weight: 600 }),
      );
      return;
    }
    const [a, b] = [x(step.from), x(step.to)];
    const gap = a < b ? 2 : -2;
    body.push(
      line(
        [
          [a + gap, y],
          [b - gap, y],
        ],
        theme.line,
        { dashed: step.back === true },
      ),
      text((a + b) / 2, y - 6, step.label, theme.text, { anchor: 'middle', size: 12 }),
    );
  });
  return svg({
    width,
    height,
    title: 'An update that is left again',
    description: ALT,
    theme,
    body,
  });
}

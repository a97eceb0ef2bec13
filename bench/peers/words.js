// @ts-check Makes sentences from the figures: which contenders are faster, equal or slower.

import { OURS } from './contenders.js';

/** Differences up to this ratio are noise on a shared machine. */
const NOISE = 0.1;

/**
 * @param {{ id: string, name: string, ratio: number }[]} rows - `ratio`: how many times as good bundleseal is.
 * @param {{ ahead: string, behind: string }} words - Of a peer, as in "faster" and "slower".
 */
export function standing(rows, { ahead, behind }) {
  const peers = rows.filter(({ id, ratio }) => id !== OURS && !Number.isNaN(ratio));
  const better = peers.filter(({ ratio }) => ratio < 1 - NOISE).sort((a, b) => a.ratio - b.ratio);
  const level = peers.filter(({ ratio }) => ratio >= 1 - NOISE && ratio <= 1 + NOISE);
  const worse = peers.filter(({ ratio }) => ratio > 1 + NOISE).sort((a, b) => a.ratio - b.ratio);
  const sentences = [
    better.length === 0
      ? `None is ${ahead} than bundleseal by more than noise.`
      : `**${capital(ahead)} than bundleseal**: ${list(better.map(({ name, ratio }) => `${name} (${times(1 / ratio)})`))}.`,
  ];
  if (level.length > 0) sentences.push(`Level, within a tenth: ${list(level.map(nameOf))}.`);
  if (worse.length > 0) {
    sentences.push(
      `${capital(behind)}: ${list(worse.map(({ name, ratio }) => `${name} (${times(ratio)})`))}.`,
    );
  }
  return sentences.join(' ');
}

/** @param {number} ratio */
function times(ratio) {
  return `${ratio >= 10 ? Math.round(ratio) : ratio.toFixed(1)}×`;
}

/** @param {string[]} items */
export function list(items) {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** @param {{ name: string }} named */
function nameOf({ name }) {
  return name;
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

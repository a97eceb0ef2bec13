// @ts-check Draws who holds which key, and what each key protects.

import { box, line, rect, svg, text } from './svg.js';

/** @typedef {import('./svg.js').Theme} Theme */

export const ALT =
  'The build machine encrypts the bundle with a new session key and signs that key, the checksum and the header with the RSA private key. Storage and network hold the sealed bundle and no key. The app recovers the session key from the signature with the RSA public key and releases verified files.';

/** @param {Theme} theme */
export function drawKeys(theme) {
  const [width, height] = [900, 330];
  const panel = (/** @type {number} */ x, /** @type {number} */ w, /** @type {string} */ name) =>
    [
      rect(x, 12, w, height - 24, { fill: theme.panel, radius: 10 }),
      text(x + w / 2, 38, name, theme.text, { anchor: 'middle', weight: 600, size: 14 }),
    ].join('\n');
  const key = { stroke: theme.ours, color: theme.ourText, radius: 22, weight: 600 };
  const body = [
    panel(12, 250, 'Build machine'),
    panel(312, 276, 'Storage, CDN, update service'),
    panel(638, 250, 'App'),
    text(450, 58, 'no key', theme.muted, { anchor: 'middle' }),
    // Build machine.
    box(37, 70, 200, 44, ['the build, as a zip'], theme),
    box(37, 150, 200, 50, ['session key,', 'new for each bundle'], theme, key),
    box(37, 240, 200, 44, 'RSA private key', theme, key),
    line(
      [
        [137, 150],
        [137, 118],
      ],
      theme.line,
    ),
    text(146, 138, 'encrypts', theme.muted, { size: 12 }),
    // The sealed bundle.
    box(337, 70, 226, 60, ['chunks', 'AES-256-GCM'], theme),
    box(337, 138, 226, 60, ['header: metadata,', 'digest of each chunk'], theme),
    box(
      337,
      220,
      226,
      84,
      ['signature over', 'session key, checksum of the', 'zip, digest of the header'],
      theme,
      {
        stroke: theme.ours,
      },
    ),
    line(
      [
        [237, 92],
        [333, 96],
      ],
      theme.line,
    ),
    line(
      [
        [237, 262],
        [333, 262],
      ],
      theme.line,
    ),
    text(285, 254, 'signs', theme.muted, { anchor: 'middle', size: 12 }),
    // App.
    box(663, 240, 200, 44, 'RSA public key', theme, key),
    box(663, 150, 200, 50, ['session key,', 'recovered'], theme, key),
    box(663, 70, 200, 44, 'verified files', theme, {
      stroke: theme.good,
      color: theme.good,
      weight: 600,
    }),
    line(
      [
        [563, 262],
        [659, 262],
      ],
      theme.line,
    ),
    text(611, 254, 'verifies', theme.muted, { anchor: 'middle', size: 12 }),
    line(
      [
        [763, 240],
        [763, 204],
      ],
      theme.line,
    ),
    text(772, 226, 'recovers', theme.muted, { size: 12 }),
    line(
      [
        [763, 150],
        [763, 118],
      ],
      theme.line,
    ),
    text(772, 138, 'decrypts', theme.muted, { size: 12 }),
    line(
      [
        [563, 96],
        [659, 92],
      ],
      theme.line,
    ),
  ];
  return svg({ width, height, title: 'Keys and data', description: ALT, theme, body });
}

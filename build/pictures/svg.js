// @ts-check Building blocks of SVG for all pictures. Each picture is drawn once for each theme.

export const THEMES = /** @type {const} */ ({
  light: {
    background: '#ffffff',
    text: '#1f2328',
    muted: '#59636e',
    line: '#818b98',
    panel: '#f6f8fa',
    box: '#ffffff',
    ours: '#0969da',
    ourText: '#0550ae',
    peer: '#afb8c1',
    good: '#1a7f37',
    bad: '#cf222e',
  },
  dark: {
    background: '#0d1117',
    text: '#e6edf3',
    muted: '#9198a1',
    line: '#6e7681',
    panel: '#151b23',
    box: '#0d1117',
    ours: '#4493f8',
    ourText: '#79c0ff',
    peer: '#57606a',
    good: '#3fb950',
    bad: '#f85149',
  },
});

/** @typedef {{ [name in keyof typeof THEMES['light']]: string }} Theme */
/** @typedef {'start' | 'middle' | 'end'} Anchor */

/** @param {string} value */
export function escaped(value) {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Makes a whole picture. `title` and `description` are its text alternative.
 *
 * @param {{ width: number, height: number, title: string, description: string, theme: Theme, body: string[] }} picture
 */
export function svg({ width, height, title, description, theme, body }) {
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title description" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif">
<title id="title">${escaped(title)}</title>
<desc id="description">${escaped(description)}</desc>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="${theme.line}"/></marker></defs>
<rect width="${width}" height="${height}" fill="${theme.background}"/>
${body.join('\n')}
</svg>
`;
}

/**
 * Makes one or several lines of text.
 *
 * @param {number} x @param {number} y @param {string | readonly string[]} value @param {string} fill
 * @param {{ size?: number, anchor?: Anchor, weight?: number }} [options]
 */
export function text(x, y, value, fill, { size = 13, anchor = 'start', weight = 400 } = {}) {
  const lines = [value].flat();
  return lines
    .map(
      (line, i) =>
        `<text x="${round(x)}" y="${round(y + i * size * 1.35)}" fill="${fill}" font-size="${size}" text-anchor="${anchor}" font-weight="${weight}">${escaped(line)}</text>`,
    )
    .join('\n');
}

/**
 * @param {number} x @param {number} y @param {number} width @param {number} height
 * @param {{ fill: string, stroke?: string, radius?: number, dashed?: boolean }} options
 */
export function rect(x, y, width, height, { fill, stroke, radius = 6, dashed = false }) {
  const border = stroke === undefined ? '' : ` stroke="${stroke}"`;
  const dashes = dashed ? ' stroke-dasharray="4 4"' : '';
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${radius}" fill="${fill}"${border}${dashes}/>`;
}

/**
 * Makes a box with centred lines of text.
 *
 * @param {number} x @param {number} y @param {number} width @param {number} height @param {string | readonly string[]} value
 * @param {Theme} theme
 * @param {{ fill?: string, stroke?: string, color?: string, radius?: number, weight?: number }} [options]
 */
export function box(x, y, width, height, value, theme, options = {}) {
  const { fill = theme.box, stroke = theme.line, color = theme.text, radius = 6, weight } = options;
  const lines = [value].flat();
  const top = y + height / 2 - ((lines.length - 1) * 13 * 1.35) / 2 + 4.5;
  return [
    rect(x, y, width, height, { fill, stroke, radius }),
    text(x + width / 2, top, lines, color, { anchor: 'middle', ...(weight && { weight }) }),
  ].join('\n');
}

/**
 * @param {readonly (readonly [number, number])[]} points @param {string} stroke @param {{ head?: boolean, dashed?: boolean }} [options]
 */
export function line(points, stroke, { head = true, dashed = false } = {}) {
  const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
  return `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="1.5"${dashed ? ' stroke-dasharray="4 4"' : ''}${head ? ' marker-end="url(#head)"' : ''}/>`;
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

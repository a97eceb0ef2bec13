// @ts-check
// Markdown of the repository as Markdown of the site.

/** @typedef {(link: string) => string | undefined} Resolve where the site has the target; undefined if it has not */

const PICTURE =
  /<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\s*<img alt="([^"]*)" src="([^"]+)">\s*<\/picture>/g;
const LINK = /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g;
const REFERENCE = /^(\[[^\]]+\]: )(\S+)$/gm;
const DIAGRAM = /^```mermaid\n[\s\S]*?^```$/m;

/**
 * Rewrites what a page points to. A link to a file that the site does not have becomes its text. Blocks of code stay.
 *
 * @param {string} page
 * @param {Resolve} resolve
 */
export function rewrite(page, resolve) {
  return page
    .split(/^(```[\s\S]*?^```$)/m)
    .map((part, i) => (i % 2 === 1 ? part : rewriteText(part, resolve)))
    .join('');
}

/** @param {string} text @param {Resolve} resolve */
function rewriteText(text, resolve) {
  return text
    .replace(PICTURE, (_, dark, alt, light) => {
      const file = { light: found(light, resolve), dark: found(dark, resolve) };
      return picture(alt, (theme) => file[theme]);
    })
    .replace(LINK, (_, image, label, url) => {
      const target = moved(url, resolve);
      return target === undefined ? label : `${image}[${label}](${target})`;
    })
    .replace(REFERENCE, (_, start, url) => `${start}${moved(url, resolve) ?? url}`);
}

/** @param {string} url @param {Resolve} resolve */
function moved(url, resolve) {
  if (/^([a-z][a-z\d+.-]*:|#)/i.test(url)) return url;
  const [path = '', anchor] = url.split('#');
  const target = resolve(path);
  if (target === undefined) return undefined;
  return anchor === undefined ? target : `${target}#${anchor}`;
}

/** @param {string} path @param {Resolve} resolve */
function found(path, resolve) {
  const target = resolve(path);
  if (target === undefined) throw new Error(`the site has no ${path}`);
  return target;
}

/**
 * A picture in the colours of the theme. It scrolls where it is wider than the page, also by the keyboard. The theme is a
 * class of the page, because readers may choose another one than their system has.
 *
 * @param {string} alt
 * @param {(theme: 'light' | 'dark') => string} addressOf
 */
export function picture(alt, addressOf) {
  const image = (/** @type {'light' | 'dark'} */ theme) =>
    `<img class="${theme}-only" alt="${alt}" src="${addressOf(theme)}">`;
  return `<div class="picture" tabindex="0" role="group" aria-label="Picture">${image('light')}${image('dark')}</div>`;
}

/** The page with its diagram, if it has one, as a picture of the site. @param {string} page @param {string} picture */
export const withPicture = (page, picture) => page.replace(DIAGRAM, () => picture);

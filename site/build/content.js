// @ts-check
// Gathers what the site is built from into content/: the pages of ../docs and of the root, with their links rewritten,
// the site's own pages, and the API reference. The sources stay as they are, so that they also read well on code hosting
// sites and in the package.
//
//   node build/content.js

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PICTURES } from '../../build/pictures/index.js';
import { listErrors } from './errors-list.js';
import { bundleLibrary } from './library.js';
import { picture, rewrite, withPicture } from './links.js';

const SITE = fileURLToPath(new URL('..', import.meta.url));
const ROOT = join(SITE, '..');
const CONTENT = join(SITE, 'content');

/** Pages of the root, and where the site has them. */
const ROOT_PAGES = {
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md',
};

/** Where the site has a file of the repository, or undefined. @param {string} path */
function placeOf(path) {
  if (path === 'README.md') return 'index.md';
  if (Object.hasOwn(ROOT_PAGES, path))
    return ROOT_PAGES[/** @type {keyof typeof ROOT_PAGES} */ (path)];
  if (!path.startsWith('docs/') || !existsSync(join(ROOT, path))) return undefined;
  return path.slice('docs/'.length).replace(/(^|\/)README\.md$/, '$1index.md');
}

/** @param {string} path - Of a page, in the repository. */
function copyPage(path) {
  const place = /** @type {string} */ (placeOf(path));
  const text = rewrite(readFileSync(join(ROOT, path), 'utf8'), (link) => {
    const target = placeOf(posix.normalize(posix.join(posix.dirname(path), link)));
    if (target === undefined) return undefined;
    const from = posix.relative(posix.dirname(place), target);
    return from.startsWith('.') ? from : `./${from}`;
  });
  write(place, path === 'CONTRIBUTING.md' ? withPicture(text, images('layers')) : text);
}

/** A picture in the colours of the theme. @param {string} name */
function images(name) {
  const drawn = PICTURES[name];
  if (drawn === undefined) throw new Error(`no picture is called ${name}`);
  return picture(drawn.alt, (theme) => `./pictures/${name}-${theme}.svg`);
}

/** A page that only the site has. @param {string} name */
function writeOwnPage(name) {
  const text = readFileSync(join(SITE, 'pages', name), 'utf8');
  write(
    name,
    text.replace(/<!-- picture: (\w+) -->/g, (_, picture) => images(picture)),
  );
}

/** @param {string} place @param {string} text */
function write(place, text) {
  const file = join(CONTENT, place);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The pages of the API reference, in which docstrings name pages of docs/. */
function writeReference() {
  execFileSync(
    process.execPath,
    [join(SITE, 'node_modules/typedoc/bin/typedoc'), '--logLevel', 'Error'],
    {
      cwd: SITE,
      stdio: 'inherit',
    },
  );
  for (const name of readdirSync(join(CONTENT, 'api'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.md')) continue;
    const place = posix.join('api', name.replaceAll('\\', '/'));
    const text = listErrors(readFileSync(join(CONTENT, place), 'utf8'));
    const linked = text
      .split(/^(```[\s\S]*?^```$)/m)
      .map((part, i) => {
        if (i % 2 === 1) return part;
        return part.replace(/`?\bdocs\/([\w./-]+\.md)(#[\w-]+)?`?/g, (_, page, anchor = '') => {
          const target = /** @type {string} */ (placeOf(`docs/${page}`));
          return `[docs/${page}](${posix.relative(posix.dirname(place), target)}${anchor})`;
        });
      })
      .join('');
    writeFileSync(join(CONTENT, place), linked);
  }
}

rmSync(CONTENT, { recursive: true, force: true });
for (const name of readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })) {
  const path = posix.join('docs', name.replaceAll('\\', '/'));
  if (name.endsWith('.md')) copyPage(path);
  else if (name.endsWith('.svg')) {
    mkdirSync(dirname(join(CONTENT, name)), { recursive: true });
    cpSync(join(ROOT, path), join(CONTENT, name));
  }
}
for (const path of Object.keys(ROOT_PAGES)) copyPage(path);
for (const name of readdirSync(join(SITE, 'pages'))) writeOwnPage(name);
writeReference();
await bundleLibrary(join(CONTENT, 'library'));

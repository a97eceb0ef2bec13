// What the sidebar lists.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DefaultTheme } from 'vitepress';

const CONTENT = fileURLToPath(new URL('../content', import.meta.url));

/** A page under the name of its heading. */
function page(path: string): DefaultTheme.SidebarItem {
  const file = join(CONTENT, path.endsWith('/') ? `${path}index.md` : `${path}.md`);
  const [, heading] = /^# (.+)$/m.exec(readFileSync(file, 'utf8')) ?? [];
  if (heading === undefined) throw new Error(`${file} has no heading`);
  return { text: heading.replaceAll('`', ''), link: `/${path}` };
}

function group(text: string, ...paths: readonly string[]): DefaultTheme.SidebarItem {
  return { text, items: paths.map(page) };
}

const DECISIONS = readdirSync(join(CONTENT, 'decisions'))
  .filter((name) => name !== 'index.md')
  .map((name) => page(`decisions/${name.replace(/\.md$/, '')}`));

const LISTED: DefaultTheme.SidebarItem[] = [
  group(
    'Start',
    'guides/first-update',
    'guides/first-bundle',
    'guides/app',
    'guides/sequence',
    'playground',
  ),
  group(
    'Build and sign',
    'guides/vite',
    'guides/ci',
    'guides/key-service',
    'guides/rotation',
    'guides/zips',
    'guides/large-bundles',
    'servers',
  ),
  group(
    'Updates',
    'guides/publishing',
    'updates',
    'releases',
    'guides/capacitor',
    'guides/pwa',
    'guides/electron',
    'guides/node',
  ),
  group('Capgo', 'capgo', 'guides/moving-from-capgo'),
  group(
    'Look up',
    'functions',
    'cli',
    'errors',
    'troubleshooting',
    'doctor',
    'runtimes',
    'glossary',
  ),
  group('Design', 'format', 'patch-format', 'readers', 'threat-model'),
  { ...page('decisions/'), collapsed: true, items: DECISIONS },
  group('Figures', 'benchmarks', 'peers', 'comparison', 'pictures'),
  group(
    'Project',
    'changelog',
    'contributing',
    'security',
    'internals/device-rules',
    'internals/mutation',
    'internals/side-channels',
  ),
];

const linksOf = (items: readonly DefaultTheme.SidebarItem[]): string[] =>
  items.flatMap(({ link, items: inner = [] }) => [...(link ? [link] : []), ...linksOf(inner)]);

/** Pages that no group names yet: none is left out. */
const others = readdirSync(CONTENT, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md') && name !== 'index.md' && !name.startsWith('api/'))
  .map((name) => name.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, ''))
  .filter((path) => !linksOf(LISTED).includes(`/${path}`))
  .sort();

export const GROUPS: DefaultTheme.SidebarItem[] =
  others.length === 0 ? LISTED : [...LISTED, group('More', ...others)];

const ENTRIES = [
  '',
  'node',
  'zip',
  'release',
  'update',
  'update/testing',
  'capgo',
  'capgo/node',
  'vite',
];
const KINDS = [
  ['functions', 'Functions'],
  ['classes', 'Classes'],
  ['interfaces', 'Interfaces'],
  ['type-aliases', 'Types'],
  ['variables', 'Variables'],
] as const;

const ENTRY_LINKS: DefaultTheme.SidebarItem = {
  text: 'Entries',
  items: ENTRIES.map((entry) => ({
    text: join('bundleseal', entry),
    link: `/${join('api/bundleseal', entry)}/`,
  })),
};

function symbolsOf(entry: string): DefaultTheme.SidebarItem[] {
  const folder = join('api/bundleseal', entry);
  return KINDS.flatMap(([kind, text]) => {
    if (!existsSync(join(CONTENT, folder, kind))) return [];
    const names = readdirSync(join(CONTENT, folder, kind)).map((name) => name.replace(/\.md$/, ''));
    const items = names.sort().map((name) => ({ text: name, link: `/${folder}/${kind}/${name}` }));
    return [{ text, items }];
  });
}

/** The reference: a sidebar for each entry, with the symbols of that entry. */
export const API: DefaultTheme.SidebarMulti = Object.fromEntries([
  ['/api/', [ENTRY_LINKS]],
  ...ENTRIES.map((entry) => [
    `/${join('api/bundleseal', entry)}/`,
    [{ ...ENTRY_LINKS }, ...symbolsOf(entry)],
  ]),
]);

// doctor in a website on GitHub Pages that init has set up.

import { expect, it } from 'vitest';
import { useCli } from '../../../support/cli.ts';
import { APPS } from '../../../support/init-apps.ts';
import { done, read, VITE, withApp } from '../../../support/init-project.ts';

useCli();

interface Finding {
  readonly code: string;
  readonly state: string;
  readonly what: string;
  readonly mend?: string;
}

const NO_BASE = 'export default {};\n';

interface Site {
  /** The name of an app of the tests. Default: one of Vite. */
  readonly app?: string;
  readonly remote?: string;
  readonly store?: string;
  readonly config?: string;
  readonly script?: string;
  /** Files that the project has beside those of init. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What doctor says of the base in a project of init. */
async function findingFor(site: Site): Promise<Finding | undefined> {
  const { remote = 'https://github.com/Someone/My-App', store = 'github-pages' } = site;
  let found: Finding | undefined;
  await withApp((site.app && APPS[site.app]) || VITE, async (project) => {
    await project.write('.git/config', `[remote "origin"]\n\turl = ${remote}\n`);
    if (site.app === undefined) await project.write('vite.config.js', site.config ?? NO_BASE);
    if (site.script !== undefined) {
      const content = JSON.parse(read(project, 'package.json'));
      const scripts = { ...content.scripts, build: site.script };
      await project.write('package.json', JSON.stringify({ ...content, scripts }));
    }
    await done(project, '--yes', '--store', store);
    for (const [path, text] of Object.entries(site.files ?? {})) await project.write(path, text);
    const { stdout } = await project.run(['doctor', '--json']);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    found = findings.find(({ code }) => code === 'BASE_MISSING');
  });
  return found;
}

it('doctor warns of a website below a path of GitHub Pages without a base', async () => {
  expect(await findingFor({})).toMatchObject({
    state: 'warning',
    what: 'vite.config.js has no base, but GitHub Pages serves the website of Someone/My-App below a path',
    mend: "set base: '/My-App/' in Vite's config if the address of the website is https://someone.github.io/My-App/; if the website has a domain of its own, set base to '/'",
    path: 'vite.config.js',
  });
});

it.each<[string, Site]>([
  ['the config has a base', { config: "export default { base: '/My-App/' };\n" }],
  ['the config computes a base', { config: 'export default { base: process.env.BASE };\n' }],
  ['a script sets the base', { script: 'vite build --base=/My-App/' }],
  ['the store is elsewhere', { store: 's3' }],
  ['the repository is elsewhere', { remote: 'https://gitlab.com/someone/app' }],
  ['package.json is not JSON', { files: { 'package.json': '{' } }],
  ['package.json is no object', { files: { 'package.json': 'null' } }],
  ["package.json no longer has init's answers", { files: { 'package.json': '{}' } }],
  ['public has the domain', { files: { 'public/CNAME': 'app.example.com\n' } }],
  ['the build has the domain', { files: { 'dist/CNAME': 'app.example.com\r\n' } }],
  ['GitHub has written the domain for a branch', { files: { CNAME: 'example.com' } }],
  ['GitHub has written the domain for docs', { files: { 'docs/CNAME': 'www.example.com' } }],
  [
    "the folder of Vite's config has the domain",
    {
      config: "export default { root: 'web', publicDir: 'files' };\n",
      files: { 'web/files/CNAME': 'app.example.com\n' },
    },
  ],
  ['the website has no path', { remote: 'https://github.com/Someone/someone.github.io' }],
])('doctor says nothing of the base if %s', async (_, site) => {
  expect(await findingFor(site)).toBeUndefined();
});

it.each([
  ['no domain', 'public/CNAME', ''],
  ['two domains', 'public/CNAME', 'app.example.com\nwww.example.com\n'],
  ['an address', 'public/CNAME', 'https://app.example.com/\n'],
  ['the domain of GitHub', 'public/CNAME', 'someone.github.io\n'],
  ['the domain of another folder', 'other/CNAME', 'app.example.com\n'],
])('doctor warns if a file CNAME has %s', async (_, path, text) => {
  expect(await findingFor({ files: { [path]: text } })).toMatchObject({ state: 'warning' });
});

it.each([
  [
    'sveltekit',
    'svelte.config.js',
    "set kit.paths.base: '/My-App' in svelte.config.js if",
    "set kit.paths.base to ''",
    "export default { kit: { paths: { base: '/My-App' } } };\n",
  ],
  [
    'next',
    'next.config.mjs',
    "set basePath: '/My-App' in the config of Next.js and write '/My-App/sw.js' for '/sw.js' in src/bundleseal/update if",
    "set basePath to ''",
    "export default { output: 'export', basePath: '/My-App' };\n",
  ],
  [
    'angular',
    'angular.json',
    'set "baseHref": "/My-App/" in the build options of angular.json if',
    "set baseHref to '/'",
    '{"projects":{"app":{"architect":{"build":{"options":{"baseHref":"/My-App/"}}}}}}\n',
  ],
])(
  'doctor warns of a website of %s without a base in %s, and not with one',
  async (app, path, step, root, text) => {
    const missing = await findingFor({ app });
    expect(missing).toMatchObject({ state: 'warning' });
    expect(missing?.mend).toContain(step);
    expect(missing?.mend).toContain(root);
    expect(await findingFor({ app, files: { [path]: text } })).toBeUndefined();
  },
);

it('doctor warns of a website of Create React App without homepage in package.json', async () => {
  const missing = await findingFor({ app: 'create react app' });
  expect(missing).toMatchObject({ state: 'warning', path: 'package.json' });
  expect(missing?.mend).toContain(
    `set "homepage": "/My-App/" in package.json and write '/My-App/sw.js' for '/sw.js' in src/bundleseal/update if`,
  );
});

// docs/guides/first-update.md: every command of the page, in order, and what the browser then shows.

import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BUTTON } from '../../src/cli/init/button.ts';
import { closePages, openBrowser } from '../support/browser.ts';
import { builtLibrary } from '../support/built-once.ts';
import { type Project, runIn, useCli, withProject } from '../support/cli.ts';
import { blocks, ROOT } from '../support/docs.ts';
import { freePort } from '../support/free-port.ts';
import { runScript } from '../support/package-scripts.ts';
import { VITE_APP } from '../support/vite-app.ts';

const PAGE = 'docs/guides/first-update.md';
const TIMEOUT = 300_000;

/** Makes `init` take a pair of keys that exists, because a new one takes up to a second. */
const PAIRS = pathToFileURL(join(ROOT, 'test/support/fixed-pairs.js'));
const FIXED_PAIRS = `--import=data:text/javascript,import{generateFixedPairs}from'${PAIRS}';generateFixedPairs()`;

useCli();

const shown = blocks.filter(({ file }) => file === PAGE);
const commands = shown
  .filter(({ language }) => language === 'sh')
  .flatMap(({ code }) => code.trim().split('\n'));
const [button] = shown.filter(({ language }) => language === 'javascript');
const prose = readFileSync(join(ROOT, PAGE), 'utf8');
/** The size of the first patch in KB, as step 5 gives it. */
const [, patchSize] = /this patch takes (\d+) KB/.exec(prose) ?? [];
/** The arguments of the command of step 6 that withdraws the broken release. */
const [, withdrawal = ''] = /`npx bundleseal (release withdraw [\d.]+)`/.exec(prose) ?? [];
/** The line of step 6 that breaks a release. */
const [, throwLine] = /`(throw [^`]+)`/.exec(prose) ?? [];

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, TIMEOUT);
afterAll(closePages);

/** What `npm install` of the tarball and of Vite leaves, without a registry. */
async function install({ path, cli }: Project): Promise<void> {
  const target = path('node_modules/bundleseal');
  mkdirSync(path('node_modules/.bin'), { recursive: true });
  cpSync(await builtLibrary(), join(target, 'dist'), { recursive: true });
  cpSync(cli, join(target, 'dist/cli.js'));
  chmodSync(join(target, 'dist/cli.js'), 0o755);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const exports = { './update': './dist/update.js' };
  const described = { name: 'bundleseal', version, type: 'module', exports };
  writeFileSync(join(target, 'package.json'), JSON.stringify(described));
  symlinkSync('../bundleseal/dist/cli.js', path('node_modules/.bin/bundleseal'));
  symlinkSync(join(ROOT, 'node_modules/vite'), path('node_modules/vite'));
  symlinkSync('../vite/bin/vite.js', path('node_modules/.bin/vite'));
}

async function serve({ folder }: Project, command: string): Promise<[ChildProcess, string]> {
  const port = await freePort();
  const [, ...args] = command.split(' ');
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  const given = [...args, '--port', String(port), '--host', '127.0.0.1', '--strictPort'];
  const child = spawn(process.execPath, [vite, ...given], { cwd: folder });
  const origin = `http://127.0.0.1:${port}/`;
  await expect
    .poll(
      () =>
        fetch(origin).then(
          (response) => response.status,
          () => 0,
        ),
      { timeout: 60_000 },
    )
    .toBe(200);
  return [child, origin];
}

const expectHeading = (page: Page, text: string) =>
  page.getByRole('heading', { name: text, exact: true }).waitFor({ timeout: 60_000 });

/** Waits until the page has checked the store and downloaded the offered release. */
const expectActivated = (page: Page, id: string) =>
  expect
    .poll(
      () =>
        page.evaluate(async (release) => {
          const names = await caches.keys();
          return names.some((name) => name.startsWith(`bundleseal ${release}`));
        }, id),
      { timeout: 60_000, interval: 200 },
    )
    .toBe(true);

it(
  'an app goes from nothing to an update that a page shows, by the commands of the page',
  async () => {
    await withProject(async (project) => {
      const { folder, path, write } = project;
      const env = {
        PATH: `${path('node_modules/.bin')}${delimiter}${process.env['PATH']}`,
        NODE_OPTIONS: FIXED_PAIRS,
      };
      const said: string[] = [];
      /** The commands that ran as a process. */
      const ran = new Set<string>();
      let server: ChildProcess | undefined;
      let origin = '';
      let page: Page | undefined;
      try {
        for (const command of commands) {
          if (/^npm create --yes vite@latest my-app .*vanilla --no-interactive$/.test(command)) {
            for (const [name, text] of Object.entries(VITE_APP)) await write(name, text);
          } else if (/^cd my-app$/.test(command)) {
            // The folder of the test is the app's.
          } else if (/^npm install \.\.\/bundleseal-[\d.]+\.tgz$/.test(command)) {
            await install(project);
          } else if (/^npx vite preview /.test(command)) {
            const [child, at] = await serve(project, command.replace('npx ', ''));
            server = child;
            origin = at;
            page = await visit(origin);
            await expectActivated(page, idIn(said));
            expect(await page.getByRole('button', { name: BUTTON_NAME }).count()).toBe(0);
            edit(path('src/main.js'), 'Get started', 'Hello');
          } else if (ran.has(command) && /^npm run bundleseal:/.test(command)) {
            said.push(await runScript(project, command.replace('npm run ', '')));
          } else {
            ran.add(command);
            // The test runner's NODE_ENV would have Vite build for development.
            const args = ['-u', 'NODE_ENV', 'sh', '-c', command];
            const { code, stdout, stderr } = await runIn(folder, 'env', args, { env });
            expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
            said.push(stdout + stderr);
            if (/^npx bundleseal init /.test(command)) {
              edit(path('src/main.js'), INIT_LINE, button?.code ?? '');
              // The steps of init have the same lines, apart from the call.
              expect(button?.code).toBe(`lookForUpdate();\n${BUTTON}\n`);
            }
          }
        }
        const last = said.at(-1) as string;
        const [, size = ''] = /patch +([\d,]+) bytes from 0\.0\.0/.exec(last) ?? [];
        const kilobytes = Number(size.replaceAll(',', '')) / 1000;
        expect(kilobytes).toBeGreaterThan(Number(patchSize) - 1);
        expect(kilobytes).toBeLessThan(Number(patchSize) + 1);
        await page?.reload();
        await expectHeading(page as Page, 'Get started');
        await page?.getByRole('button', { name: BUTTON_NAME }).click();
        await expectHeading(page as Page, 'Hello');
        const text = readFileSync(path('src/main.js'), 'utf8');
        writeFileSync(path('src/main.js'), text.replace(/^(?!import)/m, `${throwLine}\n`));
        const broken = await publishNext(project);
        await page?.reload();
        await expectHeading(page as Page, 'Hello');
        await expectLeft(page as Page, broken, 'Hello');
        writeFileSync(path('src/main.js'), text.replace('Hello', 'Hello again'));
        await publishNext(project);
        await page?.reload();
        await page?.getByRole('button', { name: BUTTON_NAME }).click();
        await expectHeading(page as Page, 'Hello again');
        const withdrawn = await project.run(withdrawal.split(' '));
        expect(withdrawn.code, withdrawn.stderr).toBe(0);
        expect(withdrawn.stderr).toContain('devices that run it take 0.3.0, unless it has failed');
        const listed = await project.run(['release', 'list', '--all']);
        expect(listed.stdout + listed.stderr).toContain(`${broken}  withdrawn`);
        // With the line of init, Vite puts code of the updater into the script that throws. It removes code after a `throw`.
        writeFileSync(
          path('src/broken.js'),
          "document.body.prepend('My shop')\ndocument.querySelector('#none').hidden = true\n",
        );
        const [first, ...rest] = text.split('\n');
        expect(first).toContain('import { keepUpToDate }');
        const ownLine = rest.join('\n').replace(/lookForUpdate\(\);[\s\S]*/, INIT_LINE);
        writeFileSync(path('src/main.js'), `${first}\nimport './broken.js'\n${ownLine}`);
        const next = await publishNext(project);
        // The same device, which does not wait although it has taken three releases within a minute: no other tab is open.
        await page?.reload();
        await expectLeft(page as Page, next, 'Hello again');
        expect(failedRequests).toEqual([]);
      } finally {
        server?.kill();
      }
    });
  },
  TIMEOUT,
);

/** The lines of pages that did not start. */
const linesShown: string[] = [];

function tellLines(): void {
  new MutationObserver(() => {
    const line = document.body?.textContent ?? '';
    if (/did not start/.test(line))
      (globalThis as unknown as { told(line: string): void }).told(line);
  }).observe(document, { childList: true, subtree: true });
}

/**
 * The requests for the release of the page that the browser shows as failed. The test loads pages again during downloads, so some of
 * the requests for objects fail.
 */
const failedRequests: string[] = [];

/** Opens the website in a browser that has not visited it before. */
async function visit(origin: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.on('requestfailed', (request) => {
    if (/bundleseal-release\.json/.test(request.url())) failedRequests.push(request.url());
  });
  await page.exposeFunction('told', (line: string) => linesShown.push(line));
  await page.addInitScript(tellLines);
  await page.goto(origin);
  await expectHeading(page, 'Get started');
  return page;
}

/** Raises the version, and publishes the app by its scripts. Returns the id of the release. */
async function publishNext(project: Project): Promise<string> {
  const described = JSON.parse(readFileSync(project.path('package.json'), 'utf8'));
  const [major, minor] = described.version.split('.');
  described.version = `${major}.${Number(minor) + 1}.0`;
  writeFileSync(project.path('package.json'), JSON.stringify(described, undefined, 2));
  await runScript(project, 'bundleseal:build');
  return idIn([await runScript(project, 'bundleseal:publish')]);
}

/**
 * Expects that the page starts a release that throws before its first screen, says so, and loads itself until the release
 * before runs.
 */
async function expectLeft(page: Page, broken: string, headingBefore: string): Promise<void> {
  const thrown: string[] = [];
  page.on('pageerror', ({ message }) => thrown.push(message));
  linesShown.length = 0;
  await expectActivated(page, broken);
  await expect
    .poll(
      async () => {
        if (thrown.length === 0) await page.reload();
        return thrown.length;
      },
      { timeout: 60_000, interval: 3_000 },
    )
    .toBe(3);
  await expectHeading(page, headingBefore);
  expect(new Set(linesShown)).toEqual(
    new Set(['This version did not start. Reload the page to try again.']),
  );
}

/** The id of the release that was published last. */
function idIn(said: readonly string[]): string {
  const ids = said.flatMap((text) => [...text.matchAll(/release +\S+ +([0-9a-f]{64})/g)]);
  return ids.at(-1)?.[1] as string;
}

/** The text of the button, without its end. */
const BUTTON_NAME = 'Another version is ready';

/** The last line of the first module after init. */
const INIT_LINE = 'keepUpToDate().catch(console.error)\n';

/** Replaces a text that the file contains. */
function edit(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

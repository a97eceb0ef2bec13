// Every command in the guides runs, in the order of the page, in one project for each page. README.md has those of one guide.

import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, it } from 'vitest';
import { sealDirectory } from '../../../src/node.ts';
import { useCli, withProject } from '../../support/cli.ts';

useCli();

const ROOT = join(import.meta.dirname, '../../..');
// Its commands need Vite, and a browser between them: test/examples/first-update.node.test.ts.
const FIRST_UPDATE = 'docs/guides/first-update.md';
const PAGES = readdirSync(join(ROOT, 'docs/guides'))
  .map((name) => `docs/guides/${name}`)
  .filter((file) => file !== FIRST_UPDATE)
  .filter((file) => commandsIn(file).length > 0);
/** These begin with no keys. */
const FROM_NOTHING = /first-bundle|moving-from-capgo|guides\/(pwa|node|electron|capacitor)\.md/;

function commandsIn(file: string): string[] {
  const page = readFileSync(join(ROOT, file), 'utf8');
  return [...page.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block]) => (block as string).trim().split('\n'))
    .filter((command) => !/^npm install && npm (run demo|test)$/.test(command));
}

/** The words of a command, as a shell splits it: what stands in quotes is one. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
}

it('the guides have pages with commands', () => {
  expect(PAGES.length).toBeGreaterThan(4);
});

it('README.md has only commands of the first update, in its order', () => {
  const commands = commandsIn('README.md');
  expect(commands.length).toBeGreaterThan(1);
  expect(commandsIn(FIRST_UPDATE).filter((one) => commands.includes(one))).toEqual(
    // The second release takes the same two scripts.
    [...commands, ...commands.slice(1)],
  );
});

it('README.md seals by one command what it seals in code', async () => {
  const page = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, command = ''] = /`npx bundleseal (bundle encrypt dist [^`]+)`/.exec(page) ?? [];
  const [, dir = '', file = ''] = /sealDirectory\('([^']+)', '([^']+)'/.exec(page) ?? [];
  const [, appId = '', version = '', sequence] =
    /metadata: \{ appId: '(.+?)', version: '(.+?)', sequence: (\d+) \}/.exec(page) ?? [];
  const metadata = { appId, version, sequence: Number(sequence) };
  await withProject(async ({ run, json, write, path }) => {
    await write(`${dir}/index.html`, '<!doctype html>');
    await run(['key', 'create', '--gitignore']);
    const privateKey = readFileSync(path('.bundleseal_key'), 'utf8');
    const { checksum } = await sealDirectory(path(dir), path('code.sealed'), {
      ...{ privateKey, metadata },
    });
    await json(wordsOf(command));
    for (const sealed of [file, 'code.sealed'])
      expect(
        await json(['bundle', 'inspect', sealed, '--key', '.bundleseal_key.pub']),
      ).toMatchObject({ proven: true, checksum, metadata });
  });
});

it.each(PAGES)('the commands of %s work', async (file) => {
  const commands = commandsIn(file);
  expect(commands.length).toBeGreaterThan(1);
  await withProject(async ({ run, write, path }) => {
    await write('dist/index.html', '<script>notifyAppReady()</script>');
    await write('capacitor.config.json', '{ "appId": "com.example.app", "webDir": "dist" }');
    await write('package.json', '{ "version": "1.0.0" }');
    await write('src/main.ts', '');
    const env: Record<string, string> = {};
    let releases = 0;
    if (!FROM_NOTHING.test(file)) {
      await run(['key', 'create']);
      await run(['key', 'save']);
    }
    if (file.endsWith('/ci.md')) {
      // As a CI system has it: in a variable, and mangled.
      const pem = readFileSync(path('.bundleseal_key'), 'utf8');
      env['BUNDLESEAL_PRIVATE_KEY'] = pem.replaceAll('\n', '\\n');
      // In place of HashiCorp's program, which needs a server.
      await write(
        'bin/vault',
        '#!/bin/sh\ntest "$*" = "kv get -field=key secret/release" && cat .bundleseal_key\n',
      );
      chmodSync(path('bin/vault'), 0o755);
      env['PATH'] = path('bin') + delimiter + process.env['PATH'];
    }
    for (const command of commands) {
      if (command.startsWith('cp ')) {
        execFileSync('sh', ['-c', command], { cwd: path('.') });
        continue;
      }
      // Each release is another build.
      if (command.includes('release stamp')) await write('dist/app.js', String(releases++));
      const [, args] = /^npx bundleseal (.+)$/.exec(command) as unknown as [string, string];
      const { code, stdout, stderr } = await run(wordsOf(args), { env });
      expect(code, `${command}\n${stderr}${stdout}`).toBe(0);
    }
  });
});

it('docs/cli.md names every flag of every command', async () => {
  const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
  const [table = ''] = page.split('\n## ');
  const rows = table.matchAll(/^\| `([a-z][a-z -]*?)(?: [A-Z[].*?)?` +\|/gm);
  const commands = [...rows].map(([, name]) => name as string);
  expect(commands.length).toBeGreaterThan(20);
  await withProject(async ({ run }) => {
    for (const command of commands) {
      const { code, stdout } = await run([...command.split(' '), '--help', '--all']);
      expect(code, command).toBe(0);
      for (const [flag] of stdout.matchAll(/(?<=^ +(?:-\w, )?)--[a-z-]+/gm)) {
        const isNamed = new RegExp(`${flag}(?![\\w-])`).test(page);
        expect(isNamed, `${flag} of ${command}`).toBe(true);
      }
    }
  });
});

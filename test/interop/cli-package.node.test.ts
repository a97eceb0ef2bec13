// The whole flow on a real app, through the packed tarball in a fresh project; and on a terminal.

import { spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { runIn, useCli, withProject } from '../support/cli.ts';
import { packInto } from '../support/pack.ts';
import { treeOf } from '../support/tree.ts';
import { VITE_APP } from '../support/vite-app.ts';

const ROOT = join(import.meta.dirname, '../..');
const APP = join(
  dirname(createRequire(import.meta.url).resolve('@mxtommy/kip/package.json')),
  'public',
);

const PAIRS = pathToFileURL(join(ROOT, 'test/support/fixed-pairs.js'));
/** Makes Node return fixed pairs of keys, as `useCli` does inside this process. */
const WITH_FIXED_PAIRS = `--import=data:text/javascript,${encodeURIComponent(
  `import { generateFixedPairs } from '${PAIRS}'; generateFixedPairs();`,
)}`;

describe('the packed package', () => {
  it('creates, saves, zips, encrypts, verifies, decrypts and unzips a real app', async () => {
    await withProject(async ({ folder, path, write }) => {
      const done = async (command: string, ...args: string[]) => {
        const ran = await runIn(folder, command, args);
        expect(ran.code, `${command} ${args.join(' ')}\n${ran.stderr}${ran.stdout}`).toBe(0);
        return ran.stdout;
      };
      const tarball = await packInto(folder);
      await write('package.json', '{ "name": "app", "version": "4.8.5", "private": true }');
      await done('npm', 'install', '--silent', '--no-audit', '--no-fund', `./${tarball}`);
      await write(
        'capacitor.config.json',
        '{\n\t"appId": "com.example.kip",\n\t"webDir": "www"\n}\n',
      );
      cpSync(APP, path('www'), { recursive: true });

      // What npx runs, without npm's start before each command.
      const program = path('node_modules/.bin/bundleseal');
      const bundleseal = (...args: string[]) => done(program, ...args);
      const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
      expect((await done('npx', '--no-install', 'bundleseal', '--version')).trim()).toBe(version);
      await bundleseal('key', 'create', '--bits', '3072');
      await bundleseal('key', 'save');
      expect(readFileSync(path('capacitor.config.json'), 'utf8')).toContain('\t"appId"');
      // The parser of scripts is CommonJS, which a bundle loads in its own way.
      const script = "const config = { appId: 'com.example.kip' };\nexport default config;\n";
      await write('scripted/capacitor.config.ts', script);
      await bundleseal('key', 'save', '--config', 'scripted/capacitor.config.ts');
      expect(readFileSync(path('scripted/capacitor.config.ts'), 'utf8')).toContain('BEGIN PUBLIC');
      const zip = JSON.parse(await bundleseal('bundle', 'zip', '--out', 'app.zip', '--json'));
      expect(zip.entries).toBeGreaterThan(200);
      const sealed = JSON.parse(
        await bundleseal('bundle', 'encrypt', 'app.zip', '--sequence', '1', '--json'),
      );
      expect(sealed).toMatchObject({
        checksum: zip.checksum,
        metadata: { appId: 'com.example.kip', version: '4.8.5', sequence: 1 },
      });
      await bundleseal('bundle', 'verify', 'app.zip.sealed', '--zip', 'app.zip');
      const expected = ['--expect-app-id', 'com.example.kip'];
      await bundleseal('bundle', 'decrypt', 'app.zip.sealed', '--extract', 'opened', ...expected);
      const files = (dir: string) =>
        readdirSync(path(dir), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name));
      expect(files('opened').length).toBe(files('www').length);
      for (const file of files('www')) {
        const copy = file.replace(path('www'), path('opened'));
        expect(readFileSync(copy).equals(readFileSync(file)), file).toBe(true);
      }
      await bundleseal('doctor');

      // A release, the next one with a changed line, and a device that takes the patch.
      const channel = ['--store', 'store', '--channel', 'production'];
      await bundleseal('release', 'publish', 'www', ...channel);
      const main = files('www').find((file) => /main[^/]*\.js$/.test(file)) as string;
      writeFileSync(main, `${readFileSync(main, 'utf8')}\nconsole.log('Hello')`);
      renameSync(main, main.replace(/main/, 'main-renamed'));
      const published = JSON.parse(
        await bundleseal(
          'release',
          'publish',
          'www',
          ...channel,
          '--app-version',
          '4.8.6',
          '--json',
        ),
      );
      const { id, bundle, patches } = published.release;
      expect(patches.length).toBe(1);
      expect(patches[0].size).toBeLessThan(bundle.size / 100);
      const listing =
        "find . -type f -printf '%P\\n' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0r sha256sum -- | sha256sum";
      const summed = await runIn(path('www'), 'sh', ['-c', listing]);
      expect(summed.stdout.slice(0, 64)).toBe(id);
      expect(
        JSON.parse(await bundleseal('release', 'verify', '--store', 'store', '--json')),
      ).toMatchObject({
        ...{ ok: true, releases: 2, patches: 1 },
      });
      await bundleseal('release', 'rollout', '25%', ...channel);
      expect(JSON.parse(await bundleseal('release', 'list', ...channel, '--json'))).toMatchObject({
        ...{ sequence: 3, releases: [{ id, rollout: 250 }, { version: '4.8.5' }] },
      });
    });
  });
});

describe('on a terminal', () => {
  useCli();
  // util-linux. Without it the test is skipped; CI installs it.
  let hasScript = false;
  beforeAll(async () => {
    const ran = await runIn('.', 'script', ['--version']).catch(() => undefined);
    hasScript = ran?.code === 0;
    if (!hasScript && process.env['CI'] !== undefined) throw new Error('script is not installed');
  });

  /** Runs on a pseudo-terminal; `react` may type when it has seen something. */
  function onTerminal(
    folder: string,
    command: string,
    react: (seen: string, type: (keys: string) => void) => void = () => {},
  ): Promise<{ readonly code: number | null; readonly seen: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn('script', ['-qefc', `stty cols 120 rows 40; ${command}`, '/dev/null'], {
        cwd: folder,
        env: { ...process.env, TERM: 'xterm', NO_COLOR: '', NODE_OPTIONS: WITH_FIXED_PAIRS },
      });
      let seen = '';
      child.stdout.on('data', (piece: Buffer) => {
        seen += piece.toString();
        react(seen, (keys) => child.stdin.write(keys));
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, seen }));
    });
  }

  /** Types an answer to each question once. */
  const answering = (answers: readonly (readonly [RegExp, string])[]) => {
    const left = [...answers];
    return (seen: string, type: (keys: string) => void) => {
      const [question, keys] = left[0] ?? [];
      if (question?.test(seen) !== true) return;
      left.shift();
      type(keys as string);
    };
  };

  it('shows colours, and none under NO_COLOR', async (context) => {
    if (!hasScript) context.skip();
    await withProject(async ({ folder, cli }) => {
      const command = `${process.execPath} ${cli} bundle verify nothing --key nothing`;
      expect((await onTerminal(folder, command)).seen).toContain('\u001b[31m✗');
      expect((await onTerminal(folder, `NO_COLOR=1 ${command}`)).seen).not.toContain('\u001b[31m');
    });
  });

  it('asks whether to add the private key to .gitignore', async (context) => {
    if (!hasScript) context.skip();
    await withProject(async ({ folder, cli, path }) => {
      await runIn(folder, 'git', ['init', '-q']);
      let isAnswered = false;
      const { code } = await onTerminal(
        folder,
        `${process.execPath} ${cli} key create --bits 3072`,
        (seen, type) => {
          if (isAnswered || !/Add it to \.gitignore\?/.test(seen)) return;
          isAnswered = true;
          type('y');
        },
      );
      expect(code).toBe(0);
      expect(readFileSync(path('.gitignore'), 'utf8')).toBe(
        '/.bundleseal_key\n/.bundleseal_key.old*\n.*.bundleseal-tmp\n',
      );
    });
  });

  it('asks in whole lines on a terminal that reports no size', async (context) => {
    if (!hasScript) context.skip();
    await withProject(async ({ folder, cli }) => {
      await runIn(folder, 'git', ['init', '-q']);
      const { code, seen } = await onTerminal(
        folder,
        `stty cols 0 rows 0; ${process.execPath} ${cli} key create --bits 3072`,
        // The answer does not depend on the layout: without it, a mistake would wait for ever.
        answering([[/\?/, 'y']]),
      );
      expect(code).toBe(0);
      expect(seen).toContain('Add it to .gitignore?');
    });
  });

  it('asks for a passphrase without showing it, and ends on Ctrl-C', async (context) => {
    if (!hasScript) context.skip();
    await withProject(async ({ folder, cli, write, path }) => {
      const program = `${process.execPath} ${cli}`;
      const passphrase = 'tr0ub4dor&3-ünïcode';
      const create = `${program} key create --protect --bits 3072`;
      const made = await onTerminal(
        folder,
        create,
        answering([
          [/New passphrase/, `${passphrase}\r`],
          [/Repeat the passphrase/, `${passphrase}\r`],
        ]),
      );
      expect(made).toMatchObject({ code: 0 });
      expect(readFileSync(path('.bundleseal_key'), 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE');
      await write('dist/index.html', 'x');
      const seal = `${program} bundle encrypt dist --no-project --no-code-check`;
      const question = /Passphrase of \.bundleseal_key/;
      const sealed = await onTerminal(folder, seal, answering([[question, `${passphrase}\r`]]));
      expect(sealed).toMatchObject({ code: 0 });
      const refused = await onTerminal(folder, seal, answering([[question, 'another one\r']]));
      expect(refused).toMatchObject({ code: 1, seen: expect.stringContaining('does not open') });
      expect(await onTerminal(folder, seal, answering([[question, '\u0003']]))).toMatchObject({
        code: 130,
      });
      // The terminal shows neither the passphrase nor a character for each of its characters.
      for (const { seen } of [made, sealed, refused]) {
        expect(seen).not.toMatch(/tr0ub|another one|[•▪*]{2}/);
      }
    });
  });

  it('asks the questions of init that have several answers, shows what it will write, and writes after a yes alone', async (context) => {
    if (!hasScript) context.skip();
    await withProject(async ({ folder, cli, write, run }) => {
      await run(['key', 'create', '--bits', '3072']);
      for (const [name, text] of Object.entries(VITE_APP)) await write(name, text);
      const before = treeOf(folder);
      const command = `${process.execPath} ${cli} init`;
      // The keys are here, so there is nothing to ask about them.
      const questions = [
        [/Build folder of the app/, '\r'],
        [/Framework/, '\r'],
        [/Where the updates are stored/, '\u001b[B\r'],
        [/Address of the store/, '\r'],
        [/Channel/, '\r'],
      ] as const;
      // The choices are: write, show every line, write nothing.
      const declined = answering([...questions, [/Write it\?/, '\u001b[B\u001b[B\r']]);
      const no = await onTerminal(folder, command, declined);
      expect(no).toMatchObject({ code: 0, seen: expect.stringContaining('nothing was written') });
      expect(no.seen).toContain('store    s3; devices read updates/');
      expect(treeOf(folder)).toEqual(before);
      // Before the question stands a summary with one line for each file.
      const [, summary = ''] =
        /This will be written[^\n]*\n([\s\S]*?)Write it\?/.exec(no.seen) ?? [];
      expect(summary.split('\n').length).toBeLessThan(24);
      expect(summary).toMatch(/~ src\/main\.js +starts the updates, 2 lines more\r\n/);
      expect(summary).toMatch(/runs {5}nothing now; .* undo {5}npx bundleseal init --undo/s);
      expect(no.seen).not.toContain('keepUpToDate().catch');
      const looked = answering([
        ...[...questions, [/Write it\?/, '\u001b[B\r'] as const],
        [/keepUpToDate\(\)\.catch[\s\S]*Write it\?/, '\u0003'],
      ]);
      const all = await onTerminal(folder, command, looked);
      expect(all.code).toBe(130);
      expect(all.seen).toContain('+ keepUpToDate().catch(console.error)');
      expect(all.seen).toContain('+ on:\r\n');
      expect(treeOf(folder)).toEqual(before);
      const left = await onTerminal(folder, command, answering([[/Build folder/, '\u0003']]));
      expect(left.code).toBe(130);
      expect(treeOf(folder)).toEqual(before);
      const agreed = answering([...questions, [/Write it\?/, '\r']]);
      const yes = await onTerminal(folder, command, agreed);
      expect(yes).toMatchObject({ code: 0, seen: expect.stringContaining('files written') });
      const written = Object.entries(treeOf(folder)).filter(
        ([name, content]) => content.includes(' ') && content !== before[name],
      );
      expect(written.length).toBeGreaterThan(5);
      for (const [path] of written) expect(summary).toContain(` ${path}`);
      const undone = answering([[/Undo it\?/, 'y']]);
      expect(await onTerminal(folder, `${command} --undo`, undone)).toMatchObject({ code: 0 });
      // The key was here before, so what protects it stays, and the record of that.
      const { '.gitignore': _, ...rest } = before;
      const after = treeOf(folder);
      expect(after).toMatchObject(rest);
      const added = Object.keys(after).filter((name) => !Object.hasOwn(before, name));
      expect(added.sort()).toEqual(['.bundleseal-init.json', 'vite.config.mjs']);
    });
  });

  it('shows a bar for long work, and leaves nothing half done on Ctrl-C', async (context) => {
    if (!hasScript) context.skip();
    await withProject(async ({ folder, cli, path, run }) => {
      await run(['key', 'create', '--bits', '3072']);
      await runIn(folder, 'truncate', ['-s', '6G', 'large.zip']);
      const before = readdirSync(folder).sort();
      let isStopped = false;
      const { code, seen } = await onTerminal(
        folder,
        `${process.execPath} ${cli} bundle encrypt large.zip --out large.sealed`,
        (shown, type) => {
          if (isStopped || !/sealing .* \d+ %/.test(shown)) return;
          isStopped = true;
          type('\u0003');
        },
      );
      expect(isStopped, seen).toBe(true);
      expect(code).toBe(130);
      expect(seen).toContain('no file is incomplete');
      expect(readdirSync(path()).sort()).toEqual(before);
    });
  });
});

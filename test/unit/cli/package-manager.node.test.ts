// The commands in messages: they are those of the project's package manager.

import { rmSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { TypedCommands } from '../../../src/cli/package-manager.ts';
import { inWordsOfManager } from '../../../src/cli/package-manager.ts';
import { type Project, useCli, withProject } from '../../support/cli.ts';
import { runInside } from '../../support/cli-inside.ts';
import { CHANNEL, withApp as withPublisher, writeBuildIn } from '../../support/cli-release.ts';
import { APPS, type App, flagsOf } from '../../support/init-apps.ts';
import { read, UNDO_ALL, VITE, withApp } from '../../support/init-project.ts';
import { everyNth } from '../../support/scope.ts';

useCli();

interface Words extends TypedCommands {
  readonly lockfile: string;
  readonly text?: string;
  readonly name: string;
}

const YARN = {
  ...{ lockfile: 'yarn.lock', name: 'yarn', run: 'yarn run', execute: 'yarn run' },
  ...{ add: 'yarn add', remove: 'yarn remove' },
};

const MANAGERS: readonly Words[] = [
  {
    ...{ lockfile: 'package-lock.json', text: '{}', name: 'npm', run: 'npm run', execute: 'npx' },
    ...{ add: 'npm install', remove: 'npm uninstall' },
    ...{ raise: 'npm version patch --no-git-tag-version', tag: 'npm version patch' },
  },
  {
    ...{ lockfile: 'pnpm-lock.yaml', name: 'pnpm', run: 'pnpm run', execute: 'pnpm exec' },
    ...{ add: 'pnpm add', remove: 'pnpm remove' },
    ...{ raise: 'pnpm version patch --no-git-tag-version', tag: 'pnpm version patch' },
  },
  {
    ...{ ...YARN, text: '# yarn lockfile v1\n' },
    ...{ raise: 'yarn version --patch --no-git-tag-version', tag: 'yarn version --patch' },
  },
  // Yarn 2 and later make no tag.
  { ...YARN, text: '__metadata:\n', raise: 'yarn version patch', tag: 'npm version patch' },
  {
    ...{ lockfile: 'bun.lock', name: 'bun', run: 'bun run', execute: 'bunx' },
    ...{ add: 'bun add', remove: 'bun remove' },
    ...{ raise: 'bun pm version patch --no-git-tag-version', tag: 'bun pm version patch' },
  },
];

/** Runs a command, and returns all that it says. */
async function said({ run }: Project, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(args);
  return stdout + stderr;
}

/** Whether a text names a package manager other than this one. */
function namesAnother(text: string, { execute, name }: Words): boolean {
  const found = text.match(/(?<![\w.-])(npx|npm|pnpm|yarn|bunx?)(?= )/g) ?? [];
  return found.some((one) => one !== name && one !== execute);
}

/** Commands to run that lack the words of the package manager. */
function bareCommands(text: string): string[] {
  const bare =
    /(?<!(npx|pnpm exec|yarn run|bunx) )\bbundleseal (key|bundle|release|init|doctor)\b[^,;]*/g;
  return [
    ...(text.match(bare) ?? []),
    ...(text.match(/\b(run|then|or|now:) (key|bundle|release) [a-z]+\b[^,;]*/g) ?? []),
  ];
}

describe.each(MANAGERS)('the messages in a project of $name with $raise', (words) => {
  const { lockfile, text = '', name, run, execute, add, remove, raise, tag } = words;

  it('name its commands in every help, and where an argument is missing', async () => {
    await withProject(async (project) => {
      await project.write(lockfile, text);
      const start = await said(project);
      expect(start).toContain(`$ ${execute} bundleseal init\n`);
      expect(start).toContain(`$ ${run} bundleseal:build\n`);
      const help = await said(project, 'key', 'create', '--help');
      expect(help).toContain(`$ ${execute} bundleseal key create\n`);
      const completion = await said(project, 'completion', '--help');
      expect(completion).toContain(`$ ${execute} bundleseal completion bash >> ~/.bashrc\n`);
      const missing = await said(project, 'release', 'rollout');
      expect(missing).toContain(`as in "${execute} bundleseal release rollout 100%"`);
      const { help: object } = await project.json(['key', '--help']);
      for (const one of [start, help, completion, missing, object as string])
        expect(namesAnother(one, words), one).toBe(false);
    });
  });

  it('name its commands after init, in its workflow and after its undo', async () => {
    await withApp(VITE, async (project) => {
      await project.write(lockfile, text);
      const shown = await said(project, 'init', '--yes', '--store', 'github-pages');
      expect(shown).toContain(`files written; ${execute} bundleseal init --undo undoes this`);
      expect(shown).toContain(`: build it with ${run} bundleseal:build\n`);
      expect(shown).toContain(`: publish it (app id "my-app") with ${run} bundleseal:publish\n`);
      expect(shown).toContain(`for each later release: ${tag} && git push --follow-tags\n`);
      expect(namesAnother(shown.replaceAll(tag, ''), words), shown).toBe(false);
      const workflow = read(project, '.github/workflows/bundleseal.yml');
      const tags = [...workflow.matchAll(/tag: (.+?) && git push/g)].map(([, command]) => command);
      expect(new Set(tags)).toEqual(new Set([tag]));
      const { dependencies, ...rest } = JSON.parse(read(project, 'package.json'));
      const named = { ...rest, dependencies: { ...dependencies, bundleseal: '1.0.0' } };
      await project.write('package.json', JSON.stringify(named, undefined, 2));
      const undone = await said(project, 'init', ...UNDO_ALL);
      expect(undone).toContain(
        `run ${remove} bundleseal, because package.json still depends on bundleseal`,
      );
    });
  });

  it('name its commands for the packages that an app lacks', async () => {
    for (const [framework, lacking] of [
      ['capacitor', '@capacitor/filesystem'],
      ['sveltekit', '@sveltejs/adapter-static'],
    ] as const) {
      const app = APPS[framework] as App;
      await withApp(app, async (project) => {
        await project.write(lockfile, text);
        const content = read(project, 'package.json').replace(lacking, '@sveltejs/another');
        await project.write('package.json', content);
        const shown = await said(project, 'init', ...flagsOf(app));
        expect(shown).toContain(`. ${add} ${lacking}`);
        expect(shown).toContain(`. ${add} bundleseal: the app imports it\n`);
        expect(namesAnother(shown.replaceAll(tag, ''), words), shown).toBe(false);
      });
    }
  });

  it('name it where there is no package.json', async () => {
    await withProject(async (project) => {
      await project.write(lockfile, text);
      expect(await said(project, 'init', '--yes')).toContain(`or make one with ${name} init\n`);
    });
  });

  it('name its commands for a build and for a version', async () => {
    await withPublisher(async (project) => {
      await project.write(lockfile, text);
      const publish = (dir: string) => said(project, 'release', 'publish', dir, ...CHANNEL);
      await publish('dist');
      await writeBuildIn(project, 'next', 2);
      expect(await publish('next')).toContain(
        `version for each release: ${raise}, or --app-version`,
      );
      const scripts = { 'bundleseal:build': 'bundleseal release stamp dist' };
      await project.write('package.json', JSON.stringify({ scripts, version: '1.0.1' }));
      expect(await publish('none')).toContain(`build the app (${run} bundleseal:build)`);
    });
  });
});

// Their commands have no words but those of the tests above. npm would not do: without a lockfile, messages name it too.
describe.each(everyNth(MANAGERS, 5, 1))(
  'the messages in a project of $name with $raise',
  (words) => {
    const { lockfile, text = '', execute } = words;

    it('name its commands for a Capacitor config', async () => {
      await withPublisher(async (project) => {
        await project.write(lockfile, text);
        const sync = `${execute} cap sync`;
        expect(await project.json(['key', 'save'])).toMatchObject({ next: sync });
        expect(await said(project, 'key', 'save')).toContain(`next: ${sync}, so that the copies`);
        expect(await said(project, 'key', 'rotate')).not.toContain('✗');
        expect(await said(project, 'key', 'rotate', '--finish')).toContain(`next: ${sync}\n`);
        const plugins = { CapacitorUpdater: { privateKey: 'k' } };
        await project.write('capacitor.config.json', JSON.stringify({ plugins }));
        expect(await said(project, 'key', 'delete-old')).toContain(`next: ${sync}\n`);
        await project.write('ios/App/App/capacitor.config.json', '{}');
        const { findings } = (await project.json(['doctor'])) as { findings: { mend?: string }[] };
        expect(findings.map(({ mend }) => mend)).toContain(
          `${sync}, or ${execute} bundleseal key save --module FILE`,
        );
        rmSync(project.path('capacitor.config.json'));
        await project.write('capacitor.config.ts', 'export default { plugins: make() };');
        expect(await said(project, 'doctor')).toContain(
          `run ${sync}, then ${execute} bundleseal doctor reads`,
        );
      });
    });

    it('name its commands for keys, in errors, in warnings and in what doctor finds', async () => {
      await withProject(async (project) => {
        await project.write(lockfile, text);
        const expectCommand = async (args: readonly string[], command: string) => {
          const told = await said(project, ...args);
          expect(told).toContain(`${execute} bundleseal ${command}`);
          expect(bareCommands(told)).toEqual([]);
          expect(namesAnother(told, words), told).toBe(false);
          const { stdout } = await project.run([...args, '--json']);
          expect(bareCommands(stdout)).toEqual([]);
          expect(namesAnother(stdout, words), stdout).toBe(false);
        };
        await expectCommand(['doctor'], 'init. Or make a pair alone');
        await expectCommand(['doctor'], 'key create. If the app');
        await expectCommand(['bundle', 'encrypt', 'dist'], 'key create');
        await expectCommand(['bundle', 'zip'], 'bundle zip DIR');
        await expectCommand(['release', 'list'], 'init in the folder of the app');
        await expectCommand(['init', '--yes'], "init in the app's folder");
        expect(await said(project, 'key', 'create')).toContain(
          `(put it into the app: ${execute} bundleseal key save, or ${execute} bundleseal key save --module`,
        );
        await expectCommand(['key', 'create'], 'key rotate replaces the pair');
        await project.write('key.mjs', '// Written by "bundleseal key save --module".');
        await expectCommand(['doctor'], 'key save --module key.mjs');
        const rotated = await said(project, 'key', 'rotate');
        expect(rotated).toContain(`${execute} bundleseal key rotate --finish`);
        expect(bareCommands(rotated)).toEqual([]);
        await expectCommand(['key', 'rotate'], 'key rotate --finish');
      });
      await withPublisher(async (project) => {
        await project.write(lockfile, text);
        await project.run(['release', 'publish', 'dist', ...CHANNEL]);
        for (const args of [
          ['rollout', '0%'],
          ['withdraw', '1.0.1'],
          ['rollout', '5%', '--release', '1.0.1'],
          ['promote'],
        ]) {
          const told = await said(project, 'release', ...args, ...CHANNEL);
          expect(told).toContain(`${execute} bundleseal release `);
          expect(bareCommands(told)).toEqual([]);
        }
        const { problems } = await project.json([
          ...['release', 'verify', '--expires-within', '90d', ...CHANNEL],
        ]);
        expect(JSON.stringify(problems)).toContain(`run ${execute} bundleseal release refresh`);
      });
    });

    it('name its commands after a second init and where init --undo is not done', async () => {
      await withApp(VITE, async (project) => {
        await project.write(lockfile, text);
        await said(project, 'init', '--yes');
        await project.write('src/bundleseal/update.js', '// changed');
        const { kept } = (await project.json(['init', '--undo', '--yes'])) as {
          kept: { reason: string }[];
        };
        expect(JSON.stringify(kept)).toContain(`then run ${execute} bundleseal init --undo again`);
      });
    });
  },
);

describe('inWordsOfManager', () => {
  it('looks for the package manager only for a text that names a command', () => {
    const cwd = vi.spyOn(process, 'cwd');
    expect(inWordsOfManager('the folder dist does not exist')).toBe(
      'the folder dist does not exist',
    );
    expect(cwd).not.toHaveBeenCalled();
    inWordsOfManager('run npx bundleseal init');
    expect(cwd).toHaveBeenCalled();
    cwd.mockRestore();
  });

  it('leaves metadata in JSON unchanged', async () => {
    await withPublisher(async (project) => {
      await project.write('pnpm-lock.yaml', '');
      const note = 'run npx bundleseal doctor';
      await project.run(['release', 'publish', 'dist', '--note', note, ...CHANNEL]);
      expect(await project.json(['release', 'list', ...CHANNEL])).toMatchObject({
        releases: [{ note }],
      });
    });
  });
});

describe('the messages in a folder of a monorepo', () => {
  it('name the package manager of the root', async () => {
    await withProject(async (project) => {
      await project.write('pnpm-lock.yaml', '');
      await project.write('.git/config', '');
      await project.write('apps/web/package.json', '{}');
      const { stdout } = await runInside([], { cwd: project.path('apps/web') });
      expect(stdout).toContain('$ pnpm exec bundleseal init\n');
    });
  });
});

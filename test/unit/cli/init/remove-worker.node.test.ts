// init --undo --remove-worker: the script that removes the service worker from browsers.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { useCli } from '../../../support/cli.ts';
import { ROOT } from '../../../support/docs.ts';
import { APPS, type App } from '../../../support/init-apps.ts';
import { done, VITE, withApp } from '../../../support/init-project.ts';

useCli();

const SCRIPT = readFileSync(join(ROOT, 'examples/pwa/remove/sw.js'), 'utf8');
const FLAGS = ['--undo', '--remove-worker', '--yes'];

it('init --undo says how to get the script, and writes the script of the example with the flag, with and without a record', async () => {
  await withApp(VITE, async (project) => {
    await done(project, '--yes');
    const said = async (...args: string[]) => {
      const { code, stderr } = await project.run(['init', ...args]);
      expect(code, stderr).toBe(0);
      return stderr;
    };
    expect(await said('--undo', '--yes', '--delete-key')).toContain(
      'To end that, run npx bundleseal init --undo --remove-worker, which',
    );
    const shown = await said(...FLAGS, '--dry-run');
    expect(shown).toContain('  + public/sw.js, which removes the service worker from browsers');
    expect(existsSync(project.path('public'))).toBe(false);
    const written = await said(...FLAGS);
    expect(written).toContain('✓ written:\n  + public/sw.js, which removes');
    expect(written).toContain('  next: deploy public/sw.js, which removes the service worker');
    expect(readFileSync(project.path('public/sw.js'), 'utf8')).toBe(SCRIPT);
    await said(...FLAGS);
    expect(readFileSync(project.path('public/sw.js'), 'utf8')).toBe(SCRIPT);
  });
});

it('init --undo writes the script while it undoes everything else, as a process of the bundled command line too', async () => {
  await withApp(APPS['sveltekit'] as App, async (project) => {
    await done(project, '--yes');
    const { code, stdout, stderr } = await project.run(['init', ...FLAGS, '--json'], {
      isProcess: true,
    });
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ written: ['static/sw.js'] });
    expect(existsSync(project.path('src/bundleseal/sw.js'))).toBe(false);
    expect(readFileSync(project.path('static/sw.js'), 'utf8')).toBe(SCRIPT);
  });
});

it('init --undo writes no script while the app keeps its service worker', async () => {
  await withApp(VITE, async (project) => {
    await done(project, '--yes');
    await project.write('src/other.js', "import './bundleseal/update.js';\n");
    expect((await project.run(['init', ...FLAGS])).code).toBe(1);
    expect(existsSync(project.path('public/sw.js'))).toBe(false);
    rmSync(project.path('src/other.js'));
    await project.write('src/bundleseal/sw.js', 'mine();\n');
    const { code, stdout } = await project.run(['init', ...FLAGS, '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ written: [] });
    expect(existsSync(project.path('public/sw.js'))).toBe(false);
  });
});

it('init refuses the flag before it changes anything, where it would write a wrong script', async () => {
  await withApp(VITE, async (project) => {
    await done(project, '--yes');
    const refusal = async (...args: string[]) => {
      const { code, stderr } = await project.run(['init', ...args]);
      expect(code, stderr).toBe(2);
      expect(existsSync(project.path('src/bundleseal/sw.js'))).toBe(true);
      return stderr;
    };
    expect(await refusal('--remove-worker', '--yes')).toContain('belongs to init --undo');
    await project.write('public/sw.js', 'own();\n');
    expect(await refusal(...FLAGS)).toContain('public/sw.js is another script');
    expect(readFileSync(project.path('public/sw.js'), 'utf8')).toBe('own();\n');
    rmSync(project.path('public/sw.js'));
    // A clone has no record, because git ignores it.
    rmSync(project.path('.bundleseal-init.json'));
    expect(await refusal(...FLAGS)).toContain(
      'the app still has the service worker src/bundleseal/sw.js',
    );
  });
  await withApp(APPS['electron'] as App, async (project) => {
    const { code, stderr } = await project.run(['init', ...FLAGS]);
    expect(code).toBe(2);
    expect(stderr).toContain('--remove-worker is for websites');
  });
});

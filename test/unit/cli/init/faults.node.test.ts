// Runs of bundleseal init that do not end: nothing is left behind, and --undo or the next run goes on.

import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Project, useCli } from '../../../support/cli.ts';
import { done, RECORD, read, UNDO_ALL, VITE, withApp } from '../../../support/init-project.ts';
import { everyNth } from '../../../support/scope.ts';
import { treeOf } from '../../../support/tree.ts';
import { keyB } from '../../../support/vectors.ts';

useCli();

describe('a run of init that does not end', () => {
  // Makes a call of the file system fail, or the process die, at a number of changes.
  const FAULT = `
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
let left = Number(process.env.FAULT_AT);
for (const name of ['rename', 'link', 'mkdir']) {
  const call = fs[name];
  fs[name] = async (...args) => {
    if (left-- === 0) {
      if (process.env.FAULT === 'kill') process.kill(process.pid, 'SIGKILL');
      throw Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: name });
    }
    return call(...args);
  };
}
syncBuiltinESMExports();`;
  const UNDO = ['init', '--undo', '--yes'];
  const STEPS = [0, 1, 2, 4, 6, 8, 10, 12];

  async function withFault(at: number, fault: string, work: (project: Project) => Promise<void>) {
    await withApp(VITE, async (project) => {
      // With a pair that is here a process need not make one.
      await project.write('.bundleseal_key', keyB.pkcs8);
      await project.write('.bundleseal_key.pub', keyB.spki);
      await project.write('fault.mjs', FAULT);
      const before = treeOf(project.folder);
      const env = {
        NODE_OPTIONS: `--import ${project.path('fault.mjs')}`,
        ...{ FAULT_AT: String(at), FAULT: fault },
      };
      const run = ['init', '--yes', '--ci', 'github'];
      const { code } = await project.run(run, { isProcess: true, env });
      // Beyond the last change nothing fails.
      expect(code).toBe(fault === 'kill' ? null : 1);
      // Killed before the record was written, the process has changed nothing.
      if (fault === 'kill') expect([0, 2]).toContain((await project.run(UNDO)).code);
      // The rest of the record and of the lock is hidden, and the next write removes it.
      const left = Object.entries(treeOf(project.folder)).filter(
        ([path]) =>
          ![`.${RECORD}.`, '..bundleseal_key.lock.'].some((start) => path.startsWith(start)),
      );
      expect(Object.fromEntries(left)).toEqual(before);
      await work(project);
    });
  }

  it.each(everyNth(STEPS, 2, 1))('leaves nothing behind when change %i fails', async (at) => {
    await withFault(at, 'fail', async ({ folder }) => {
      expect(Object.keys(treeOf(folder)).filter((path) => path.endsWith('-tmp'))).toEqual([]);
    });
  });

  it.each(everyNth(STEPS, 2))(
    'is undone by --undo when the process is killed at change %i',
    async (at) => {
      await withFault(at, 'kill', async (project) => {
        await done(project, '--yes');
      });
    },
  );

  it('is undone by the next run, which then writes everything', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const record = JSON.parse(read(project, RECORD));
      await project.write(RECORD, JSON.stringify({ ...record, isFinished: false }));
      rmSync(project.path('src/bundleseal/sw.js'));
      const first = read(project, '.bundleseal_key');
      const { stderr } = await done(project, '--yes');
      expect(stderr).toContain('an earlier init was interrupted');
      expect(read(project, 'src/bundleseal/sw.js')).toContain('serveReleases');
      // The user may have published with the key before running init again.
      expect(read(project, '.bundleseal_key')).toBe(first);
      expect(read(project, '.gitignore')).toContain('/.bundleseal_key');
      await done(project, ...UNDO_ALL);
      expect(Object.keys(treeOf(project.folder)).sort()).toEqual(
        ['src', ...Object.keys(VITE.files)].sort(),
      );
      expect(read(project, 'package.json')).toBe(VITE.files['package.json']);
    });
  });

  it('is refused beside another run, whose work stays whole', async () => {
    await withApp(VITE, async (project) => {
      await project.write('.bundleseal_key', keyB.pkcs8);
      await project.write('.bundleseal_key.pub', keyB.spki);
      // Makes the first run wait for the second one after it has written its record.
      const wait = `
import fs from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const { mkdir } = fs;
fs.mkdir = async (...args) => {
  await fs.writeFile('begun', '');
  while (!existsSync('go')) await new Promise((done) => setTimeout(done, 20));
  return mkdir(...args);
};
syncBuiltinESMExports();`;
      await project.write('wait.mjs', wait);
      const env = { NODE_OPTIONS: `--import ${project.path('wait.mjs')}` };
      const first = project.run(['init', '--yes'], { isProcess: true, env });
      while (!existsSync(project.path('begun'))) await sleep(20);
      for (const args of [['--yes'], UNDO_ALL]) {
        const { code, stderr } = await project.run(['init', ...args]);
        expect(code).toBe(1);
        expect(stderr).toContain('".bundleseal_key" is being written by another command');
      }
      await project.write('go', '');
      expect((await first).code).toBe(0);
      // Nothing is missing, and the record undoes it.
      expect(await project.json(['init', '--yes'])).toMatchObject({ written: [], conflicts: [] });
      const { stderr } = await done(project, '--undo', '--yes');
      expect(stderr).toContain('✓ undone:');
      expect(read(project, 'src/main.js')).toBe(VITE.files['src/main.js']);
    });
  });

  it('says what to do when a file appears that it is about to make', async () => {
    await withApp(VITE, async (project) => {
      const appear = `
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
const { mkdir } = fs;
fs.mkdir = async (...args) => {
  await fs.writeFile('.gitignore', 'dist');
  return mkdir(...args);
};
syncBuiltinESMExports();`;
      await project.write('appear.mjs', appear);
      await project.write('.bundleseal_key.pub', keyB.spki);
      const before = treeOf(project.folder);
      const env = { NODE_OPTIONS: `--import ${project.path('appear.mjs')}` };
      const { code, stderr } = await project.run(['init', '--yes'], { isProcess: true, env });
      expect(code).toBe(1);
      expect(stderr).toContain('".gitignore" appeared meanwhile: run npx bundleseal init again\n');
      const { '.gitignore': made, ...left } = treeOf(project.folder);
      expect(made).toBeDefined();
      expect(left).toEqual(before);
    });
  });

  it('writes nothing when a folder cannot be made', async () => {
    await withApp(VITE, async (project) => {
      await project.write('.github', 'a file');
      const before = treeOf(project.folder);
      expect((await project.run(['init', '--yes'])).code).toBe(1);
      expect(treeOf(project.folder)).toEqual(before);
    });
  });
});

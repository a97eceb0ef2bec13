// Projects in which the tests run init, and what they expect of it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Project, type Ran, withProject } from './cli.ts';
import { SECRET } from './cli-app.ts';
import { APPS, type App, writeApp } from './init-apps.ts';

export const ROOT: string = join(import.meta.dirname, '../..');
export const VITE = APPS['vite'] as App;
export const RECORD = '.bundleseal-init.json';

export const withApp = (app: App, work: (project: Project) => Promise<void>): Promise<void> =>
  withProject(async (project) => {
    await writeApp(project, app);
    await work(project);
  });

export const read = ({ path }: Project, name: string): string => readFileSync(path(name), 'utf8');

/** Takes back everything, the key too. */
export const UNDO_ALL: readonly string[] = ['--undo', '--yes', '--delete-key'];

export async function done({ run }: Project, ...args: string[]): Promise<Ran> {
  const ran = await run(['init', ...args]);
  expect(ran.code, ran.stderr + ran.stdout).toBe(0);
  expect(ran.stderr + ran.stdout).not.toMatch(SECRET);
  return ran;
}

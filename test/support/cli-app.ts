// A project with a build, a config and a key pair, for the tests of the command line.

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type Project, withProject } from './cli.ts';

export const SECRET: RegExp = /PRIVATE KEY-----|MII[A-Za-z0-9+/]{20}/;

/** A project with a build, a config and a key pair. */
export async function withApp(work: (project: Project) => Promise<void>): Promise<void> {
  await withProject(async (project) => {
    await project.write('dist/index.html', '<script>CapacitorUpdater.notifyAppReady()</script>');
    await project.write(
      'dist/data.bin',
      new Uint8Array(600_000).map((_, i) => (i * i) >> 3),
    );
    await project.write('dist/app.js.map', '{}');
    await project.write(
      'capacitor.config.json',
      '{ "appId": "com.example.app", "webDir": "dist", "plugins": {} }\n',
    );
    await project.write('package.json', '{ "version": "1.2.3" }');
    expect((await project.run(['key', 'create', '--bits', '3072'])).code).toBe(0);
    await work(project);
  });
}

export const read = ({ path }: Project, name: string): Buffer => readFileSync(path(name));

// A project with a key pair and a build, and helpers for the tests of the commands of releases.

import { expect } from 'vitest';
import { type Project, withProject } from './cli.ts';
import { buildOf } from './publish.ts';
import { keyB } from './vectors.ts';

export const CHANNEL: readonly string[] = ['--store', 'store', '--channel', 'production'];

export async function withApp(work: (project: Project) => Promise<void>): Promise<void> {
  await withProject(async (project) => {
    await project.write(
      'capacitor.config.json',
      '{ "appId": "com.example.app", "webDir": "dist" }',
    );
    await project.write('package.json', '{ "version": "1.0.1" }');
    await project.write('.bundleseal_key', keyB.pkcs8);
    await project.write('.bundleseal_key.pub', keyB.spki);
    await writeBuildIn(project, 'dist', 1);
    await work(project);
  });
}

export async function writeBuildIn({ write }: Project, folder: string, n: number): Promise<void> {
  for (const [path, bytes] of Object.entries(buildOf(n))) await write(`${folder}/${path}`, bytes);
}

export async function done({ run }: Project, args: readonly string[], env = {}): Promise<string> {
  const { code, stdout, stderr } = await run(args, { env });
  expect(code, `${args.join(' ')}\n${stderr}${stdout}`).toBe(0);
  return stderr;
}

/** What a command shows, on standard output. */
export async function shown({ run }: Project, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  expect(code, stderr).toBe(0);
  expect(stderr).toBe('');
  return Buffer.from(stdout, 'latin1').toString();
}

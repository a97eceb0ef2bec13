// The commands of docs/guides/publishing.md, and a shell that runs them word for word.

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { verifyStore } from '../../src/node.ts';
import { type Project, type Ran, runIn } from '../support/cli.ts';
import { buildOf } from '../support/publish.ts';
import { keyB } from '../support/vectors.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/publishing.md'), 'utf8');
const blocks = [...guide.matchAll(/```text\n([\s\S]*?)```/g)].map(([, block]) => block as string);

/** The programs of Debian, even if the machine has others too. */
const PATH = `/usr/bin:/usr/sbin:/bin:${process.env['PATH']}`;

/** The only block of the guide that contains the text, with the names of a test in place of those of the guide. */
export function commandsWith(text: string, names: Readonly<Record<string, string>>): string {
  const [block, ...others] = blocks.filter((one) => one.includes(text));
  expect(block, `no block of the guide has ${text}`).toBeDefined();
  expect(others, `blocks of the guide that also have ${text}`).toEqual([]);
  let commands = block as string;
  for (const [name, value] of Object.entries(names)) {
    expect(commands).toContain(name);
    commands = commands.replaceAll(name, value);
  }
  return commands;
}

/** What stands for `npx bundleseal`. */
export const npxOf = ({ cli }: Project): string => `${process.execPath} ${cli}`;

/** Throws if a program is missing, because a run without it would prove nothing. */
export function requirePrograms(...names: readonly string[]): void {
  const missing = names.filter(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`], { env: { PATH } }).status !== 0,
  );
  if (missing.length > 0) {
    throw new Error(`missing: ${missing.join(', ')}; apt-get install awscli jq nginx-light rsync`);
  }
}

/** Runs lines of a shell, up to the first that fails. */
export function runLines(
  folder: string,
  lines: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return runIn(folder, 'sh', ['-ec', lines.join('\n')], { env: { PATH, ...env } });
}

/** Runs lines of a shell, and expects that all succeed. */
export async function runAll(
  folder: string,
  lines: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await runLines(folder, lines, env);
  expect(code, stderr).toBe(0);
  return stdout;
}

/** Writes the n-th build of the app in place of the one before. */
export async function writeApp({ path, write }: Project, n: number): Promise<void> {
  for (const folder of ['dist', 'out']) rmSync(path(folder), { recursive: true, force: true });
  await write('capacitor.config.json', '{ "appId": "com.example.app" }');
  await write('package.json', `{ "version": "1.0.${n}" }`);
  await write('.bundleseal_key', keyB.pkcs8);
  await write('.bundleseal_key.pub', keyB.spki);
  for (const [file, bytes] of Object.entries(buildOf(n))) await write(`dist/${file}`, bytes);
}

/** Acts as a device for every release at the address: files, patches, expiry and cache headers. */
export async function expectWhole(
  from: string,
  releases: number,
  channel = 'production',
): Promise<void> {
  const appId = 'com.example.app';
  const verified = await verifyStore({ from, channels: [channel], appId, publicKey: keyB.spki });
  expect(verified).toMatchObject({ problems: [], releases });
}

// Runs scripts of package.json inside the process of the tests: npm, a shell and Vite take a second each to start and load.

import { readFileSync } from 'node:fs';
import { build } from 'vite';
import { expect } from 'vitest';
import type { Project } from './cli.ts';

/**
 * Runs a script that `init` writes, and the build script of an app made with Vite. Returns what the command line printed.
 * Throws if a command is neither `vite build`, `bundleseal` nor another script.
 */
export async function runScript(project: Project, name: string): Promise<string> {
  const { scripts } = JSON.parse(readFileSync(project.path('package.json'), 'utf8'));
  let said = '';
  for (const command of (scripts[name] as string).split(' && ')) {
    const [program, ...args] = command.split(' ');
    if (program === 'bundleseal') {
      const { code, stdout, stderr } = await project.run(args);
      expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
      said += stdout + stderr;
    } else if (program === 'npm' && args[0] === 'run') {
      said += await runScript(project, args[1] as string);
    } else if (/^vite build( --config \S+)?$/.test(command)) {
      await buildApp(project, args[2]);
    } else throw new Error(`nothing stands in for "${command}"`);
  }
  return said;
}

async function buildApp({ folder, path }: Project, config?: string): Promise<void> {
  const configFile = config === undefined ? {} : { configFile: path(config) };
  // The test runner's NODE_ENV would have Vite build for development.
  const before = process.env['NODE_ENV'];
  delete process.env['NODE_ENV'];
  try {
    await build({ root: folder, logLevel: 'warn', ...configFile });
  } finally {
    process.env['NODE_ENV'] = before;
  }
}

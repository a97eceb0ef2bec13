// Runs Capgo's command line offline in a separate Capacitor project.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Ran, runIn, withProject } from './cli.ts';

const HOME = join(import.meta.dirname, '../interop/capgo');
const MAIN = join(HOME, 'node_modules/@capgo/cli/dist/index.js');
const OFFLINE = pathToFileURL(join(HOME, 'offline.js')).href;

/**
 * Whether the CLI is installed. In CI this function installs it, and fails the suite if that fails.
 */
export function hasCapgoCli(): boolean {
  if (existsSync(MAIN)) return true;
  if (process.env['CI'] === undefined) {
    console.warn(
      "Capgo's CLI: skipped, it is not installed: npm install --prefix test/interop/capgo",
    );
    return false;
  }
  // Not "npm ci": two optional packages for macOS are in its manifest and not in every registry.
  const installed = spawnSync(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'],
    { cwd: HOME, stdio: 'inherit', shell: process.platform === 'win32' },
  );
  if (installed.status !== 0) throw new Error("Capgo's CLI could not be installed");
  return true;
}

/** A Capacitor project to work in. */
export interface CapgoProject {
  readonly folder: string;
  path(name: string): string;
  read(name: string): Promise<Buffer>;
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** Runs Capgo's command line and returns its result. */
  run(...args: readonly string[]): Promise<Ran>;
  /** Runs Capgo's command line and returns its output. Throws if it fails. */
  capgo(...args: readonly string[]): Promise<string>;
}

/** @param plugin - The installed version of the device plugin: the command line chooses the checksum by it. */
export async function withCapgoProject(
  plugin: string,
  work: (project: CapgoProject) => Promise<void>,
): Promise<void> {
  await withProject(async ({ folder, path, write }) => {
    const name = '@capgo/capacitor-updater';
    const dependencies = { [name]: plugin };
    await write('package.json', JSON.stringify({ name: 'app', version: '1.0.0', dependencies }));
    await write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: plugin }));
    await write(
      'capacitor.config.json',
      JSON.stringify({ appId: 'com.example.app', appName: 'app', webDir: 'www', plugins: {} }),
    );
    await write('www/index.html', '<script type="module" src="app.js"></script>');
    await write('www/app.js', 'CapacitorUpdater.notifyAppReady();\n'.repeat(1000));
    const env = { CI: '1', HOME: folder, NODE_OPTIONS: `--import=${OFFLINE}` };
    const run = (...args: readonly string[]) =>
      runIn(folder, process.execPath, [MAIN, ...args], { env });
    await work({
      folder,
      path,
      write,
      run,
      read: (file) => readFile(path(file)),
      async capgo(...args) {
        const ran = await run(...args);
        if (ran.code === 0) return ran.stdout;
        throw new Error(`${args.join(' ')}: ${ran.code}\n${ran.stderr}${ran.stdout}`);
      },
    });
  });
}

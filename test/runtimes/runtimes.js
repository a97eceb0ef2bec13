// How each runtime is started: a function of the app's folder that gives its version and its results.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.js';
import { CHROMIUM } from './chromium.js';
import { command, resultsIn } from './command.js';
import { FIREFOX } from './firefox.js';
import { HERMES } from './hermes.js';
import { WEBKIT } from './webkit.js';
import { WEBKIT_FILES } from './webkit-files.js';

const INSTALL = 'npm ci --ignore-scripts --prefix test/runtimes';
const MODULES = join(import.meta.dirname, 'node_modules');

function script(path, args = []) {
  const program = join(MODULES, path);
  return {
    isHere: () => existsSync(program),
    missing: INSTALL,
    async run(app) {
      const version = await command(program, ['--version'], app);
      const printed = await command(program, [...args, 'hosts/script.js'], app, {
        DENO_NO_UPDATE_CHECK: '1',
      });
      // Without this check a dead thread would go unnoticed, because the work continues without it.
      const [died] = printed.match(/Uncaught .*/) ?? [];
      const thread = { name: 'no thread dies', ok: died === undefined, error: died };
      return {
        version: version.split('\n')[0].replace(/ \(.*/, ''),
        results: [...resultsIn(printed), thread],
      };
    },
  };
}

const WORKERD = join(MODULES, '@cloudflare/workerd-linux-64/bin/workerd');

function workerd(config) {
  return {
    isHere: () => existsSync(WORKERD),
    missing: INSTALL,
    async run(app) {
      const external = ['vectors.json'];
      await bundle(app, 'hosts/workerd.js', 'workerd.js', { format: 'esm', external });
      const version = await command(WORKERD, ['--version'], app);
      const printed = await command(WORKERD, ['test', config], app);
      return { version: version.trim(), results: resultsIn(printed) };
    },
  };
}

export const RUNTIMES = {
  'node-20': script('node-20/bin/node'),
  'node-22': script('node-22/bin/node'),
  'node-24': script('node-24/bin/node'),
  'node-26': script('node-26/bin/node'),
  bun: script('@oven/bun-linux-x64/bin/bun'),
  deno: script('@deno/linux-x64-glibc/deno', [
    'run',
    '--allow-all',
    '--no-remote',
    '--node-modules-dir=manual',
  ]),
  // With the Node compatibility that is there by default today, and without, as workers of before have it.
  workerd: workerd('hosts/workerd.capnp'),
  'workerd-2024': workerd('hosts/workerd-2024.capnp'),
  ...CHROMIUM,
  ...FIREFOX,
  ...WEBKIT,
  ...WEBKIT_FILES,
  hermes: HERMES,
};

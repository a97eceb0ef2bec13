// Hermes takes neither classes nor async functions: the bundle goes through React Native's own Babel preset, as an
// app's does, which lowers syntax and adds nothing to the globals.

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundle } from './bundle.js';
import { command, resultsIn } from './command.js';

const MODULES = join(import.meta.dirname, 'node_modules');
const PROGRAM = join(MODULES, 'hermes-engine-cli/linux64-bin/hermes');

const PRESET = [
  '@react-native/babel-preset',
  { disableImportExportTransform: true, enableBabelRuntime: false },
];

export const HERMES = {
  isHere: () => existsSync(PROGRAM),
  missing: 'npm ci --ignore-scripts --prefix test/runtimes',
  async run(app) {
    await bundle(app, 'hosts/hermes.js', 'hermes.js', { format: 'iife', target: 'es2022' });
    const { transformAsync } = await import('@babel/core');
    const { code } = await transformAsync(await readFile(join(app, 'hermes.js'), 'utf8'), {
      presets: [PRESET],
      cwd: import.meta.dirname,
      filename: join(import.meta.dirname, 'hermes-app.js'),
      babelrc: false,
      configFile: false,
      compact: true,
      sourceType: 'script',
    });
    await writeFile(join(app, 'hermes-lowered.js'), code);
    const printed = await command(PROGRAM, ['hermes-lowered.js'], app);
    const { version } = JSON.parse(
      await readFile(join(MODULES, 'hermes-engine-cli/package.json'), 'utf8'),
    );
    return { version: `hermes ${version}`, results: resultsIn(printed) };
  },
};

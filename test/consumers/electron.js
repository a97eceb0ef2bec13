// The example for Electron, checked against Electron's types. The package is installed without its program.

import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../runtimes/command.js';

const HERE = import.meta.dirname;
const EXAMPLE = join(HERE, '../../examples/electron');

/** @param {string} app @param {(what: string, work: () => Promise<void>) => Promise<void>} check */
export async function checkElectron(app, check) {
  const folder = join(app, 'electron');
  await mkdir(folder);
  for (const file of ['main.js', 'updater.js']) await cp(join(EXAMPLE, file), join(folder, file));
  await writeFile(join(folder, 'bundleseal-key.js'), "export const publicKeys = [''];\n");
  // With the types of Node that Electron names.
  await cp(join(HERE, 'node_modules/electron'), join(folder, 'node_modules/electron'), {
    recursive: true,
  });
  const config = {
    compilerOptions: {
      allowJs: true,
      checkJs: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noPropertyAccessFromIndexSignature: true,
      target: 'es2022',
      module: 'nodenext',
      lib: ['es2023', 'dom', 'dom.iterable'],
      skipLibCheck: true,
      noEmit: true,
      types: [],
    },
    files: ['main.js'],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(HERE, 'node_modules/typescript-5.9/bin/tsc');
  const compile = () => command(process.execPath, [compiler, '-p', '.'], folder);
  await check("the example for Electron fits Electron's types", async () => {
    await compile();
  });
  await check("a call that Electron's types do not have is refused", async () => {
    await writeFile(
      join(folder, 'main.js'),
      "import { protocol } from 'electron';\nprotocol.handle('app', () => 'not a Response');\n",
    );
    const errors = await compile().then(
      () => '',
      ({ message }) => message,
    );
    if (!errors.includes('TS2322')) throw new Error(`the compiler found nothing: ${errors}`);
  });
}

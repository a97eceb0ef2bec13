// The apps' TypeScript by every version, under each way of resolving modules, with the libraries checked too.

import { cp, mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { command } from '../runtimes/command.js';

const HERE = import.meta.dirname;
export const VERSIONS = ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0', '7.0'];
const RESOLUTIONS = { bundler: 'esnext', node16: 'node16', nodenext: 'nodenext', node10: 'esnext' };
const LIBRARIES = {
  'with the DOM': ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
  'Node alone': ['es2022'],
};

/** @param {string} app @param {(what: string, work: () => Promise<void>) => Promise<void>} check */
export async function compileAll(app, check) {
  await mkdir(join(app, 'node_modules/@types'), { recursive: true });
  for (const name of ['@types/node', 'undici-types']) {
    await cp(join(HERE, 'node_modules', name), join(app, 'node_modules', name), {
      recursive: true,
    });
  }
  const jobs = VERSIONS.flatMap((version) =>
    // TypeScript 6.0 deprecates node10, and 7.0 has it no more.
    Object.entries(RESOLUTIONS)
      .filter(([resolution]) => resolution !== 'node10' || version.startsWith('5.'))
      .flatMap(([moduleResolution, module]) =>
        Object.entries(LIBRARIES).map(([libraries, lib]) => ({
          what: `TypeScript ${version}, ${moduleResolution}, ${libraries}`,
          version,
          options: { moduleResolution, module, lib },
        })),
      ),
  );
  let next = 0;
  const lane = async () => {
    while (next < jobs.length) {
      const at = next++;
      const { what, version, options } = jobs[at];
      await check(what, () => compile(app, `tsconfig-${at}.json`, version, options));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

async function compile(app, name, version, options) {
  const config = {
    compilerOptions: {
      ...options,
      target: 'es2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    },
    files: ['consumer.ts'],
  };
  await writeFile(join(app, name), JSON.stringify(config));
  const compiler = join(HERE, `node_modules/typescript-${version}/bin/tsc`);
  await command(process.execPath, [compiler, '-p', name], app);
}

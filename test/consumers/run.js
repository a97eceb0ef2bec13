// Bundles, resolves, measures and compiles the packed package as users do.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { installPacked } from './app.js';
import { BUNDLERS } from './bundlers.js';
import { checkElectron } from './electron.js';
import { resolveAll } from './metro.js';
import { expectLazyFallback, expectWorks, readOutput, refuseNodeModules } from './outcome.js';
import { checkPlugin } from './plugin.js';
import { compileAll } from './typescript.js';

let passed = 0;
const failed = [];

/** @param {string} what @param {() => unknown} work */
async function check(what, work) {
  try {
    const more = await work();
    passed += 1;
    console.log(`✓ ${what}${more === undefined ? '' : `: ${more}`}`);
  } catch (error) {
    failed.push(what);
    console.log(`✗ ${what}: ${error.message}`);
  }
}

const app = await installPacked();
try {
  for (const [name, bundle] of Object.entries(BUNDLERS)) {
    const make = async (entry, platform) => {
      const out = `out-${name}-${entry.replace('.js', '')}`;
      await bundle({ app, entry, out, platform });
      return { folder: join(app, out), ...(await readOutput(join(app, out), entry)) };
    };
    for (const entry of ['root.js', 'zip.js', 'capgo.js']) {
      await check(`${name}, ${entry}, for browsers`, async () => {
        const made = await make(entry, 'browser');
        refuseNodeModules(made.texts);
        if (entry === 'root.js') expectLazyFallback(made);
        await expectWorks(made.folder, entry);
      });
    }
    await check(`${name}, shaken.js: what is not imported is not there`, async () => {
      const made = await make('shaken.js', 'browser');
      const all = [...made.texts.values()].join('\n');
      for (const words of ['Content-Range', 'options.chunkSize', 'options.modulusBits']) {
        if (all.includes(words)) throw new Error(`"${words}" is there`);
      }
      await expectWorks(made.folder, 'shaken.js');
    });
    await check(`${name}, node.js, for Node`, async () => {
      await expectWorks((await make('node.js', 'node')).folder, 'node.js');
    });
  }
  for (const entry of ['bundleseal', 'bundleseal/zip', 'bundleseal/capgo']) {
    await check(`Metro resolves ${entry}`, () => `${resolveAll(app, entry)} files`);
  }
  await checkPlugin(app, check);
  await checkElectron(app, check);
  await compileAll(app, check);
} finally {
  await rm(app, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 && passed > 0 ? 0 : 1;

// The plugin of the packed package in real builds: an app of two files is built, sealed and opened again.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rollup } from 'rollup';
import * as vite from 'vite';
import * as vite6 from 'vite-6';

/** @typedef {{ root: string, plugins: unknown[] }} Build */

function buildWith({ build }) {
  /** @param {Build} job */
  return async ({ root, plugins }) => {
    await build({ root, plugins, configFile: false, logLevel: 'silent' });
  };
}

/** @type {Record<string, (job: Build) => Promise<void>>} */
const BUILDERS = {
  [`Vite ${vite6.version}`]: buildWith(vite6),
  [`Vite ${vite.version}`]: buildWith(vite),
  async Rollup({ root, plugins }) {
    const bundle = await rollup({
      input: join(root, 'main.js'),
      plugins,
      // The plugin says what it sealed.
      onLog() {},
    });
    try {
      await bundle.write({ dir: join(root, 'dist'), format: 'es' });
    } finally {
      await bundle.close();
    }
  },
};

/** @param {string} app @param {(what: string, work: () => Promise<unknown>) => Promise<void>} check */
export async function checkPlugin(app, check) {
  const { resolve } = createRequire(join(app, 'app.js'));
  const load = (name) => import(pathToFileURL(resolve(name)));
  const { bundleseal } = await load('bundleseal/vite');
  const { decryptBundle, keygen } = await load('bundleseal');
  const { unzipBundle } = await load('bundleseal/zip');
  const { privateKey, publicKey } = await keygen({ modulusBits: 3072 });
  const names = async (path) => {
    const zip = await decryptBundle(await readFile(path), { publicKey });
    return [...(await unzipBundle(zip)).keys()];
  };
  for (const [name, build] of Object.entries(BUILDERS)) {
    const root = join(app, `plugin-${name.replace(/\W/g, '-')}`);
    await mkdir(root);
    await writeFile(join(root, 'index.html'), '<script type="module" src="/main.js"></script>');
    await writeFile(join(root, 'main.js'), 'console.log("built");');
    const output = join(root, 'app.sealed');
    await check(`${name} with the plugin: the sealed file opens`, async () => {
      await build({ root, plugins: [bundleseal({ privateKey, output })] });
      const found = await names(output);
      if (!found.some((path) => path.endsWith('.js'))) throw new Error(`it holds ${found}`);
      return `${found.length} files`;
    });
    await check(`${name} with the plugin: a build that fails seals nothing`, async () => {
      const before = await readFile(output);
      const bad = { name: 'bad', renderChunk: () => Promise.reject(new Error('no build')) };
      await refused(
        build({ root, plugins: [bundleseal({ privateKey, output }), bad] }),
        'no build',
      );
      if (!before.equals(await readFile(output))) throw new Error('the sealed file is another one');
    });
    await check(`${name} with the plugin: without a key the build fails`, () =>
      refused(build({ root, plugins: [bundleseal({ output })] }), 'no private key'),
    );
  }
}

async function refused(build, words) {
  const error = await build.then(
    () => new Error('the build succeeded'),
    (thrown) => thrown,
  );
  if (!error.message.includes(words)) throw error;
}

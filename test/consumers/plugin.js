// The plugin of the packed package in real builds, and the one that the guide shows for webpack: an app of two files is
// built, sealed and opened again.

import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
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
      // The plugin logs the bundle that it sealed.
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
  await checkWebpack(app, check, { privateKey, names });
}

/**
 * A build by webpack, in a process of its own, with the configuration of the guide as it stands there.
 *
 * @param {string} app @param {(what: string, work: () => Promise<unknown>) => Promise<void>} check
 * @param {{ privateKey: string, names: (path: string) => Promise<string[]> }} tools
 */
async function checkWebpack(app, check, { privateKey, names }) {
  const root = join(app, 'plugin-webpack');
  const guide = await readFile(new URL('../../docs/guides/vite.md', import.meta.url), 'utf8');
  const [, configuration] =
    /```javascript\n(\/\/ webpack\.config\.mjs\n[\s\S]*?)```/.exec(guide) ?? [];
  await mkdir(root);
  await writeFile(join(root, 'webpack.config.mjs'), configuration);
  await writeFile(join(root, 'main.js'), 'console.log("built");');
  const build = (env) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', RUN_WEBPACK], {
      cwd: root,
      env: { ...process.env, WEBPACK: import.meta.resolve('webpack'), ...env },
    });
  await check('webpack with the plugin of the guide: the sealed file opens', async () => {
    await build({ BUNDLESEAL_PRIVATE_KEY: privateKey });
    const found = await names(join(root, 'dist.sealed'));
    if (!found.includes('main.js')) throw new Error(`it holds ${found}`);
    return `${found.length} files`;
  });
  await check(
    'webpack with the plugin of the guide: a build that fails seals nothing',
    async () => {
      const before = await readFile(join(root, 'dist.sealed'));
      await writeFile(join(root, 'main.js'), 'import "./missing.js";');
      await refused(build({ BUNDLESEAL_PRIVATE_KEY: privateKey }), 'missing.js');
      if (!before.equals(await readFile(join(root, 'dist.sealed')))) {
        throw new Error('the sealed file is another one');
      }
      await writeFile(join(root, 'main.js'), 'console.log("built");');
    },
  );
  await check('webpack with the plugin of the guide: without a key the build fails', () =>
    refused(build({ BUNDLESEAL_PRIVATE_KEY: undefined }), 'privateKey'),
  );
}

/** One build with the configuration, and a status other than 0 if it failed, as webpack's command line does. */
const RUN_WEBPACK = `
const { default: webpack } = await import(process.env.WEBPACK);
const { pathToFileURL } = await import('node:url');
const { default: configuration } = await import(pathToFileURL('webpack.config.mjs'));
webpack(configuration, (error, stats) => {
  if (error || stats.hasErrors()) {
    console.error(error ? error.message : stats.toString('errors-only'));
    process.exitCode = 2;
  }
});
`;

async function refused(build, words) {
  const error = await build.then(
    () => new Error('the build succeeded'),
    (thrown) => thrown,
  );
  if (!error.message.includes(words)) throw error;
}

// Each bundler, as its users call it: an app of one file into a folder of modules. Whatever it warns of is thrown.

import { join } from 'node:path';
import nodeResolve from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import webpack from 'webpack';

/** @typedef {{ app: string, entry: string, out: string, platform: 'browser' | 'node' }} Job */

function refuse(bundler, warnings) {
  if (warnings.length > 0) throw new Error(`${bundler} warns: ${warnings.join('\n')}`);
}

/** @type {Record<string, (job: Job) => Promise<void>>} */
export const BUNDLERS = {
  async esbuild({ app, entry, out, platform }) {
    const { warnings } = await esbuild.build({
      absWorkingDir: app,
      entryPoints: [entry],
      outdir: out,
      bundle: true,
      splitting: true,
      minify: true,
      format: 'esm',
      platform,
      target: 'es2022',
      logLevel: 'silent',
    });
    refuse(
      'esbuild',
      warnings.map(({ text }) => text),
    );
  },

  async rollup({ app, entry, out, platform }) {
    const warnings = [];
    const bundle = await rollup({
      input: join(app, entry),
      plugins: [nodeResolve({ browser: platform === 'browser' })],
      external: platform === 'node' ? [/^node:/] : [],
      onwarn: ({ message }) => warnings.push(message),
    });
    await bundle.write({ dir: join(app, out), format: 'es' });
    await bundle.close();
    refuse('Rollup', warnings);
  },

  async vite({ app, entry, out, platform }) {
    const warnings = [];
    const logger = vite.createLogger('silent');
    logger.warn = (message) => warnings.push(message);
    logger.warnOnce = logger.warn;
    await vite.build({
      root: app,
      configFile: false,
      customLogger: logger,
      logLevel: 'silent',
      build: {
        reportCompressedSize: false,
        outDir: out,
        target: 'es2022',
        modulePreload: false,
        ...(platform === 'node' ? { ssr: true } : {}),
        rollupOptions: {
          input: join(app, entry),
          output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
        },
      },
      ...(platform === 'node' ? { ssr: { noExternal: true } } : {}),
    });
    refuse('Vite', warnings);
  },

  webpack({ app, entry, out, platform }) {
    return new Promise((resolve, reject) => {
      webpack(
        {
          context: app,
          mode: 'production',
          target: platform === 'node' ? 'node20' : ['web', 'es2022'],
          entry: `./${entry}`,
          experiments: { outputModule: true },
          // A budget of webpack's own is a warning too; ours are in test/package/budgets.json.
          performance: { hints: false },
          output: {
            path: join(app, out),
            filename: entry,
            chunkFilename: '[name]-[contenthash].js',
            module: true,
            chunkFormat: 'module',
            chunkLoading: 'import',
            publicPath: './',
          },
        },
        (error, stats) => {
          const { warnings = [], errors = [] } = stats?.toJson() ?? {};
          const said = [...errors, ...warnings].map(({ message }) => message);
          if (error !== null) reject(error);
          else if (said.length > 0) reject(new Error(`webpack says: ${said.join('\n')}`));
          else resolve();
        },
      );
    });
  },
};

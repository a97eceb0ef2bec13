// Bundles a host for what loads one file. A warning of the bundler is a failure: an app's build would have it too.

import { join } from 'node:path';
import { build } from 'esbuild';

/** Writes `app/out` from `app/entry`; without a platform's own modules and without polyfills. */
export async function bundle(app, entry, out, options) {
  const { warnings } = await build({
    entryPoints: [join(app, entry)],
    absWorkingDir: app,
    outfile: join(app, out),
    bundle: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
    ...options,
  });
  if (warnings.length > 0) throw new Error(`esbuild warns: ${warnings[0].text}`);
}

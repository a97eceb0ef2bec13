// @ts-check Measures the bytes that an import adds to an app with decryptBundle: minified and gzipped, each file
// separately.

import { bundleApp } from '../build/bundle-app.js';

const DECRYPT = 'export { decryptBundle } from "bundleseal";';

/**
 * @param {ReturnType<typeof import('./report.js').createReport>} report @param {string} what @param {string} code
 * @param {import('./targets.js').Target} target
 */
export async function measureEntry(report, what, code, target) {
  const before = await loadedAtOnce(DECRYPT);
  const after = await loadedAtOnce(`${DECRYPT}\n${code}`);
  report.value(`what ${what} adds to decryptBundle, gzipped`, after - before, 'bytes', {
    target,
    details: { before, after },
  });
}

/** @param {string} contents */
async function loadedAtOnce(contents) {
  const { entry, loadedBy, total } = await bundleApp(contents);
  return total(loadedBy([entry]));
}

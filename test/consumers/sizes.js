// What each entry costs an app that uses all of it, and what some functions alone cost: minified, gzipped, loaded at
// once. The budgets are the measured sizes plus about 3 %.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** @param {string} app @returns {Promise<{ what: string, size: number, budget: number }[]>} */
export async function measureSizes(app) {
  const budgets = JSON.parse(readFileSync(join(import.meta.dirname, 'budgets.json'), 'utf8'));
  const results = [];
  for (const [what, budget] of Object.entries(budgets)) {
    const [, names, from] = /^(?:([\w, ]+) of )?(.+)$/.exec(what);
    const contents =
      names === undefined
        ? `import * as all from '${from}'; globalThis.all = { ...all };`
        : `import { ${names} } from '${from}'; globalThis.some = [${names}];`;
    results.push({ what, budget, size: await eagerSize(app, contents, /(node|vite)$/.test(from)) });
  }
  return results;
}

async function eagerSize(app, contents, isNode) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: app,
    stdin: { contents, resolveDir: app, sourcefile: 'app.js' },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: isNode ? 'node' : 'browser',
    target: 'es2022',
    outdir: 'sizes',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const [entry] = Object.keys(metafile.outputs).filter(
    (path) => metafile.outputs[path].entryPoint === 'app.js',
  );
  const eager = new Set([entry]);
  for (const path of eager) {
    for (const { path: next, kind, external } of metafile.outputs[path].imports) {
      if (kind === 'import-statement' && !external) eager.add(next);
    }
  }
  let size = 0;
  for (const { path, contents: bytes } of outputFiles) {
    const name = path.slice(path.lastIndexOf('/sizes/') + 1);
    if (eager.has(name)) size += gzipSync(bytes, { level: 9 }).length;
  }
  return size;
}

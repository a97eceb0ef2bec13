// Gzipped bytes that an app loads at once, from the built files: for decryptBundle, and by which packages, and for each
// entry and some functions of it.
//
//   npm run build && node test/package/size.js

import { readFileSync } from 'node:fs';
import { bundleApp } from '../../build/bundle-app.js';

// Less than the 10,000 that the README promises, so that a new check in the format has room.
const BUDGET = 9_600;

const { metafile, loadedBy, total, entry } = await bundleApp(
  "import { decryptBundle } from 'bundleseal'; globalThis.open = decryptBundle;",
);
const eager = loadedBy([entry]);
const foreign = [...eager]
  .flatMap((file) => Object.keys(metafile.outputs[file].inputs))
  .filter((input) => !/^(dist\/|app\.js$)/.test(input));
compare('decryptBundle', total(eager), BUDGET, 'test/package/size.js');
if (foreign.length > 0) {
  console.error(`decryptBundle loads at once from other packages: ${foreign.join(', ')}`);
  process.exitCode = 1;
}

// The measured sizes plus about 3 %. A change that exceeds a budget either loads its code later or raises the budget and
// says why.
const budgets = JSON.parse(readFileSync(new URL('budgets.json', import.meta.url), 'utf8'));
for (const [what, budget] of Object.entries(budgets)) {
  const [, names, from] = /^(?:([\w, ]+) of )?(.+)$/.exec(what);
  const app = await bundleApp(
    names === undefined
      ? `import * as all from '${from}'; globalThis.all = { ...all };`
      : `import { ${names} } from '${from}'; globalThis.some = [${names}];`,
    /(node|vite)$/.test(from) ? 'node' : 'browser',
  );
  compare(what, app.total(app.loadedBy([app.entry])), budget, 'test/package/budgets.json');
}

/** Fewer than 1,000 bytes mean that the bundler has dropped the code. */
function compare(what, bytes, budget, place) {
  console.log(`${what}: ${bytes} gzipped bytes at once, of at most ${budget}`);
  if (bytes > 1000 && bytes <= budget) return;
  console.error(
    bytes > budget
      ? `${what} loads more than its budget in ${place}`
      : `${what} loads too little: the bundler has dropped its code`,
  );
  process.exitCode = 1;
}

// What an app loads at once for decryptBundle, from the built files: gzipped bytes, and by which packages.
//
//   npm run build && node test/package/size.js

import { bundleApp } from '../../build/bundle-app.js';

// Less than the 10,000 that the README promises, so that a new check in the format has room.
const BUDGET = 9_600;

const { metafile, loadedBy, total, entry } = await bundleApp(
  "import { decryptBundle } from 'bundleseal'; globalThis.open = decryptBundle;",
);
const eager = loadedBy([entry]);
const size = total(eager);
const foreign = [...eager]
  .flatMap((file) => Object.keys(metafile.outputs[file].inputs))
  .filter((input) => !/^(dist\/|app\.js$)/.test(input));
console.log(`decryptBundle loads ${size} gzipped bytes at once, of at most ${BUDGET}`);
if (foreign.length > 0)
  console.error(`It loads at once from other packages: ${foreign.join(', ')}`);
if (!(size > 1000 && size <= BUDGET) || foreign.length > 0) process.exitCode = 1;

// Writes zlib to src/archive/write/zlib-wasm.ts and zlib-script.ts, from the version of zip.js in package.json: `npm
// run update:zlib`. Both files are the same program of the same author, as WebAssembly and as JavaScript.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const FROM = new URL('../node_modules/@zip.js/zip.js/', import.meta.url);
const TO = new URL('../src/archive/write/', import.meta.url);

const read = (path) => readFileSync(new URL(path, FROM));
const { version } = JSON.parse(read('package.json'));
const head = `// Written by build/zlib.js from @zip.js/zip.js ${version}.\n`;

/** Bundlers keep this kind of comment. Both licences require that the notices are included. */
const notices = `/*!
zlib, as @zip.js/zip.js ${version} has it.

Copyright (C) 1995-2024 Jean-loup Gailly and Mark Adler, and the Chromium Authors; zlib license: "This software is provided
'as-is', without any express or implied warranty."

${read('LICENSE').toString().trim()}
*/
`;

/** The JavaScript exports only streams, so this script extracts the functions below them. */
async function script() {
  const text = read('lib/core/streams/zlib-js/zlib-streams.min.js').toString();
  const names = /\{Xt:\(\)=>(\w+)\(\),\$t:e=>(\w+)\(e,r,8,n,8,0\),en:(\w+),nn:(\w+)\}/.exec(text);
  if (names === null) throw new Error('zip.js calls its functions otherwise now: read it again');
  const [, createState, init, deflate, end] = names;
  const exported = `export{${createState} as createState,${init} as init,${deflate} as deflate,${end} as end};`;
  const { outputFiles } = await build({
    stdin: { contents: text.replace(/export\{[^}]*\};?\s*$/, exported), loader: 'js' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    write: false,
  });
  return outputFiles[0].text;
}

const wasm = read('dist/zip-module.wasm').toString('base64');
const files = {
  'zlib-wasm.ts': `${head}\n${notices}\n/** The module, in base64. */\nexport const ZLIB_WASM: string =\n  '${wasm}';\n`,
  'zlib-script.ts': `${head}// @ts-nocheck\n\n${notices}\n${await script()}`,
};

for (const [name, text] of Object.entries(files)) {
  const file = new URL(name, TO);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${fileURLToPath(file)} is not what npm run update:zlib writes`);
    process.exitCode = 1;
  }
}

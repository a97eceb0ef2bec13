// What the tarball holds, against a committed list; and that nothing in it is a secret or names a build machine.
//
//   node test/package/contents.js [--write]

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { inlineWorkers } from '../../build/inline-worker.js';

const ROOT = join(import.meta.dirname, '../..');
const LIST = join(import.meta.dirname, 'contents.txt');

/** Whatever the list says. A source map holds its sources as text and is not meant. */
const NEVER = [
  /(^|\/)(src|test|bench|examples|node_modules|\.git[^/]*|\.ci)(\/|$)/,
  /\.(test|spec)\./,
  /(?<!\.d)\.[cm]?tsx?$/,
  /(^|\/)\.(npmrc|env)|\.(pem|key|p12|der|pub)$|_key(\.|$)|\.tgz$/i,
];

const SECRETS = [
  ['a private key', /-----BEGIN (RSA |EC |ENCRYPTED )?PRIVATE KEY-----(\\n|\s)+[\w+/]{40}/],
  ['a token of npm', /\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=\s*[^\s$]/],
  ['a token of a code host', /\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60}|glpat-[\w-]{20})/],
  ["a cloud's access key", /\bAKIA[0-9A-Z]{16}\b/],
];
const PLACES = [ROOT, homedir()].filter((place) => place.length > 3);

/** Chunks are named by their content: esbuild's in base 32, those of declarations in base64url. */
const normalised = (path) =>
  path.replace(/^(dist\/.+?)-(?:[A-Z0-9]{8}(?=\.js)|[\w-]{8}(?=\.d\.ts$))/, '$1-[hash]');

/** The packages in a bundle, by esbuild's own account. */
async function bundledInto(entry) {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    mainFields: ['module', 'main'],
    format: 'esm',
    metafile: true,
    plugins: [inlineWorkers()],
    write: false,
  });
  const [{ inputs }] = Object.values(metafile.outputs);
  const names = Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => {
    const inside = path.split('node_modules/').at(-1);
    return inside === path || bytesInOutput === 0 ? [] : [/^(@[^/]+\/)?[^/]+/.exec(inside)[0]];
  });
  if (names.length === 0) throw new Error(`${entry} bundles nothing: this check sees nothing`);
  return new Set(names);
}

const temporary = mkdtempSync(join(tmpdir(), 'bundleseal-contents-'));
try {
  // With the build that a publication starts.
  execFileSync('npm', ['pack', '--silent', '--pack-destination', temporary], { cwd: ROOT });
  const [tarball] = readdirSync(temporary);
  execFileSync('tar', ['-xzf', tarball], { cwd: temporary });
  const folder = join(temporary, 'package');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
  const found = [...new Set(paths.map(normalised))].sort();
  if (process.argv.includes('--write')) writeFileSync(LIST, `${found.join('\n')}\n`);
  const listed = readFileSync(LIST, 'utf8').trimEnd().split('\n');

  const complaints = [
    ...found.filter((path) => !listed.includes(path)).map((path) => `not listed: ${path}`),
    ...listed.filter((path) => !found.includes(path)).map((path) => `listed, not there: ${path}`),
    ...paths
      .filter((path) => NEVER.some((pattern) => pattern.test(path)))
      .map((path) => `must never be in a package: ${path}`),
  ];
  for (const path of paths) {
    const text = readFileSync(join(folder, path), 'latin1');
    // Bundlers warn of it, as the package says that it has no side effects.
    if (/^dist\/(?!cli).*\.js$/.test(path) && /^import ['"]/m.test(text)) {
      complaints.push(`an import without a name in ${path}`);
    }
    for (const [name, pattern] of SECRETS) {
      if (pattern.test(text)) complaints.push(`${name} in ${path}`);
    }
    for (const place of PLACES) {
      if (text.includes(`${place}/`))
        complaints.push(`a path of this machine in ${path}: ${place}`);
    }
  }
  // In the file that is shipped, whatever a test says of the code that writes it.
  const file = join(folder, 'dist/cli.LICENSES.txt');
  const licences = existsSync(file) ? readFileSync(file, 'utf8') : '';
  for (const name of await bundledInto('src/cli.ts')) {
    if (!licences.includes(`\n${name} `)) complaints.push(`no licence is shipped for ${name}`);
  }
  // As npm rounds it.
  const megabytes = (some) =>
    (some.reduce((sum, path) => sum + statSync(join(folder, path)).size, 0) / 1e6).toFixed(1);
  const maps = paths.filter((path) => path.endsWith('.map'));
  const sizes = `bundleseal itself takes ${megabytes(paths)} MB unpacked, of which ${megabytes(maps)} MB are source maps`;
  const readme = join(ROOT, 'README.md');
  const SIZES = /bundleseal itself takes [\d.]+ MB unpacked, of which [\d.]+ MB are source maps/;
  if (process.argv.includes('--write')) {
    writeFileSync(readme, readFileSync(readme, 'utf8').replace(SIZES, sizes));
  }
  if (!readFileSync(readme, 'utf8').includes(sizes)) {
    complaints.push(`README.md does not say: ${sizes}`);
  }
  for (const complaint of complaints) console.log(complaint);
  if (complaints.length > 0) {
    console.log(
      `Is it meant? npm run update:contents, and commit ${relative(ROOT, LIST)} and README.md with it.`,
    );
    process.exitCode = 1;
  } else console.log(`${paths.length} files in the tarball, as listed`);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

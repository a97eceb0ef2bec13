// Writes the table of run-time dependencies into README.md:
//
//   node build/dependencies.js

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeBlock } from './generated.js';

const ROOT = join(import.meta.dirname, '..');
const PAGE = new URL('../README.md', import.meta.url);

/** The reason for each package. The script fails for a package without a reason here. */
const REASONS = {
  '@noble/ciphers': 'AES where neither Node nor WebCrypto has it; audited',
  '@noble/hashes': 'SHA-256 there, and over streams in browsers; audited',
  'micro-rsa-dsa-dh': 'RSA where it is not native, primes; not audited',
  mrmime: 'media types of the files that a release serves',
};

const read = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

/** Finds the folders of all packages that an app installs with this one. */
function installed() {
  return Object.entries(read('package-lock.json').packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path]) => path)
    .sort();
}

/** Counts bytes like the registry: the package's files without nested packages. */
function sizeOf(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .filter((path) => !/(^|[/\\])node_modules([/\\]|$)/.test(path))
    .map((path) => statSync(join(ROOT, folder, path)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

function row(folder) {
  const manifest = read(`${folder}/package.json`);
  const { name, version, license } = manifest;
  if (!Object.hasOwn(REASONS, name)) {
    throw new Error(`build/dependencies.js gives no reason for ${name}`);
  }
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  const own = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
  const names = own.map((each) => `\`${each}\``).join(', ') || 'none';
  const size = `${Math.round(sizeOf(folder) / 1000)} kB`;
  return [`\`${name}\``, version, REASONS[name], license, size, names];
}

function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((cells) => cells[i].length)));
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [line(rows[0]), line(rule), ...rows.slice(1).map(line)].join('\n');
}

/** Makes the number of packages, their size and the table in Markdown. */
export function dependencies() {
  const folders = installed();
  const total = folders.reduce((sum, folder) => sum + sizeOf(folder), 0);
  const head = ['package', 'version', 'why', 'licence', 'unpacked', 'its own dependencies'];
  return `An app installs these packages with this one, at exact versions: **${folders.length} packages, ${(total / 1e6).toFixed(1)} MB
unpacked**.

${table([head, ...folders.map(row)])}`;
}

if (process.argv[1] === import.meta.filename) writeBlock(PAGE, 'dependencies', dependencies());

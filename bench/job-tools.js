// @ts-check The tools that a user would pick for the same job: a folder into an encrypted file, and back.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLI } from './job-commands.js';

const CAPGO = fileURLToPath(
  new URL('../test/interop/capgo/node_modules/.bin/capgo', import.meta.url),
);
const OFFLINE = new URL('../test/interop/capgo/offline.js', import.meta.url).href;
const NO_TERMINAL = '--quiet --batch --yes --pinentry-mode loopback --passphrase x';

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */
/** @typedef {Record<string, () => void>} Jobs By the names of the tools. */

/** @typedef {(path: string) => void} Clear Makes room for a folder that a job writes. */

/**
 * Returns a function that moves a folder aside, and one that removes all these folders.
 *
 * ext4 creates files slowly for half a minute after many were removed: unzipping 39 MB in 777 files took three times as
 * long. So a round must not remove the files of the round before it.
 *
 * @param {string} directory
 * @param {{ keep: boolean }} settings - Without `keep`, folders are removed at once, because they are too large.
 * @returns {{ clear: Clear, remove: () => void }}
 */
export function createClear(directory, { keep }) {
  const aside = join(directory, 'aside');
  let moved = 0;
  return {
    clear(path) {
      if (!keep) return rmSync(path, { recursive: true, force: true });
      if (!existsSync(path)) return;
      mkdirSync(aside, { recursive: true });
      renameSync(path, join(aside, String(moved++)));
    },
    remove: () => rmSync(aside, { recursive: true, force: true }),
  };
}

/**
 * Returns the jobs of the tools that are installed. They seal the folder `app` of the directory, and open what they
 * sealed before. The opened folder is flushed, as ours is.
 *
 * @param {Report} report
 * @param {string} directory
 * @param {Clear} clear
 * @returns {{ sealing: Jobs, opening: Jobs }}
 */
export function toolsFor(report, directory, clear) {
  const tools = [age, gpg, capgo].map((tool) => tool(report, directory, clear));
  return {
    sealing: Object.assign({}, ...tools.map((tool) => tool?.sealing)),
    opening: Object.assign({}, ...tools.map((tool) => tool?.opening)),
  };
}

/**
 * @template T
 * @param {Report} report @param {string} cwd @param {Clear} clear
 * @param {(script: string, cwd: string) => T} [run]
 */
export function age(report, cwd, clear, run = shell) {
  if (!hasTools('zip', 'unzip', 'age')) return skip(report, 'zip, unzip and age are not installed');
  shell('rm -f id && age-keygen -o id 2>/dev/null && age-keygen -y id > recipient', cwd);
  const seal = 'rm -f a.zip; (cd app; zip -qr ../a.zip .); age -R recipient -o a.age a.zip';
  const open = 'age -d -i id -o b.zip a.age; unzip -q b.zip -d a.out; sync -f a.out';
  return {
    sealing: { 'zip, age': () => run(seal, cwd) },
    opening: {
      'age, unzip, sync'() {
        clear(join(cwd, 'a.out'));
        return run(open, cwd);
      },
    },
  };
}

/** @param {Report} report @param {string} cwd @param {Clear} clear */
function gpg(report, cwd, clear) {
  if (!hasTools('7z', 'gpg')) return skip(report, '7z and gpg are not installed');
  // gpg gets a folder of its own, because it would write into the user's folder.
  mkdirSync(join(cwd, 'gnupg'), { recursive: true, mode: 0o700 });
  const call = `gpg --homedir gnupg ${NO_TERMINAL}`;
  const seal = `rm -f g.zip; (cd app; 7z a -tzip -bd ../g.zip . > /dev/null); ${call} --symmetric --cipher-algo AES256 --compress-algo none -o g.gpg g.zip`;
  const open = `${call} --decrypt -o h.zip g.gpg; 7z x -bd -og.out h.zip > /dev/null; sync -f g.out`;
  return {
    sealing: { '7z -tzip, gpg': () => shell(seal, cwd) },
    opening: {
      'gpg, 7z, sync'() {
        clear(join(cwd, 'g.out'));
        shell(open, cwd);
      },
    },
  };
}

/** @param {Report} report @param {string} directory @param {Clear} clear */
function capgo(report, directory, clear) {
  if (!existsSync(CAPGO)) {
    return skip(
      report,
      'the CLI of Capgo is not installed: npm install --ignore-scripts --prefix test/interop/capgo',
    );
  }
  // A project in a folder of its own: our command looks for a plugin near the build, and would warn about this one.
  const cwd = join(directory, 'capgo');
  makeCapgoProject(cwd);
  const env = { CI: '1', HOME: cwd, NODE_OPTIONS: `--import=${OFFLINE}` };
  const zip = `'${CAPGO}' bundle zip com.example.app --path ../app --bundle 1.0.0 --name c.zip --key-v2 --no-code-check --json > zip.json`;
  const encrypt = (/** @type {string} */ checksum) =>
    `'${CAPGO}' bundle encrypt c.zip ${checksum} --json > sealed.json`;
  const decrypt = (/** @type {string} */ key, /** @type {string} */ checksum) =>
    `'${CAPGO}' bundle decrypt c.zip_encrypted.zip ${key} --checksum ${checksum}`;
  const read = (/** @type {string} */ file) => JSON.parse(readFileSync(join(cwd, file), 'utf8'));
  return {
    sealing: {
      "Capgo's CLI"() {
        shell(`rm -f c.zip zip.json sealed.json; ${zip}`, cwd, env);
        shell(encrypt(read('zip.json').checksum), cwd, env);
      },
    },
    opening: {
      "Capgo's CLI, unzip, sync"() {
        const { ivSessionKey, checksum } = read('sealed.json');
        clear(join(cwd, 'c.out'));
        shell(decrypt(ivSessionKey, checksum), cwd, env);
        shell('unzip -q c.zip_encrypted.zip_decrypted.zip -d c.out; sync -f c.out', cwd, env);
      },
    },
  };
}

/** Writes the keys and the files that Capgo's CLI reads in a project. @param {string} directory */
function makeCapgoProject(directory) {
  const plugin = '@capgo/capacitor-updater';
  /** @type {(path: string, content: unknown) => void} */
  const write = (path, content) => writeFileSync(join(directory, path), JSON.stringify(content));
  mkdirSync(join(directory, 'node_modules', plugin), { recursive: true });
  const key = join(directory, '.capgo_key_v2');
  execFileSync(process.execPath, [CLI, 'key', 'create', '--capgo', '--out', key, '--force'], {
    stdio: 'ignore',
  });
  const publicKey = readFileSync(`${key}.pub`, 'utf8');
  write(`node_modules/${plugin}/package.json`, { name: plugin, version: '8.0.0' });
  write('package.json', { name: 'app', version: '1.0.0', dependencies: { [plugin]: '8.0.0' } });
  write('capacitor.config.json', {
    appId: 'com.example.app',
    appName: 'app',
    webDir: '../app',
    plugins: { CapacitorUpdater: { publicKey } },
  });
}

/** @param {Report} report @param {string} why */
function skip(report, why) {
  report.skip(`job: ${why}`);
  return undefined;
}

/** @param {string[]} names */
const hasTools = (...names) =>
  names.every((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0);

/**
 * @param {string} script
 * @param {string} cwd
 * @param {Record<string, string>} [variables]
 */
function shell(script, cwd, variables) {
  const env = { ...process.env, ...variables };
  execFileSync('sh', ['-ec', script], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
}

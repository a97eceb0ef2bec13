// @ts-check
// A store in memory with one release of 1,000 files, and devices that have it; in Node and in a page.

import { encryptBundle } from '../dist/index.js';
import { releaseId, sealIndex } from '../dist/release.js';
import { createUpdater, memoryBuiltIn } from '../dist/update.js';
import { zipBundle } from '../dist/zip.js';
import { mustAgree } from './format.js';
import { interleave } from './timing.js';

const STORE = 'https://updates.example.com/app/';
const APP_ID = 'com.example.app';
const CHANNEL = 'production';
const FILES = 1000;
const FILE_SIZE = 2048;

/** @typedef {import('../dist/update.js').ReleaseStore} ReleaseStore */
/** @typedef {{ privateKey: string, publicKey: string }} Pair */

/** @param {number} build */
function filesOfBuild(build) {
  const text = new TextEncoder();
  return Object.fromEntries(
    Array.from({ length: FILES }, (_, n) => {
      const line = `export const value${n} = ${n % 100 === 0 ? build : 0};\n`;
      const bytes = text.encode(line.repeat(Math.ceil(FILE_SIZE / line.length)));
      return [`assets/chunks/chunk-${String(n).padStart(4, '0')}-${n * 7919}.js`, bytes];
    }),
  );
}

/** @param {Uint8Array} bytes */
async function hexOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', /** @type {any} */ (bytes)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {number} milliseconds */
const timeOf = (milliseconds) => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

/**
 * Seals a release, and the index that offers it.
 *
 * @param {Record<string, Uint8Array>} files @param {Pair} pair @param {{ from: string, bytes: Uint8Array }[]} [patches]
 * @returns {Promise<Map<string, Uint8Array>>} what the store has, by path
 */
export async function publish(files, { privateKey }, patches = []) {
  /** @type {Map<string, Uint8Array>} */
  const store = new Map();
  const put = async (/** @type {Uint8Array} */ bytes) => {
    const sha256 = await hexOf(bytes);
    store.set(`objects/${sha256}.sealed`, bytes);
    return { sha256, size: bytes.length };
  };
  const sealing = { privateKey, metadata: { appId: APP_ID } };
  const { bytes } = await encryptBundle(await zipBundle(files), sealing);
  const ways = [];
  for (const { from, bytes: patch } of patches) ways.push({ from, ...(await put(patch)) });
  const now = Date.now();
  const entry = {
    id: await releaseId(files),
    version: '1.0.1',
    createdAt: timeOf(now - 1000),
    size: Object.values(files).reduce((sum, { length }) => sum + length, 0),
    files: Object.keys(files).length,
    bundle: await put(bytes),
    patches: ways,
  };
  const sealed = await sealIndex(
    {
      format: 'bundleseal-index',
      version: 1,
      appId: APP_ID,
      channel: CHANNEL,
      epoch: 0,
      sequence: 1,
      issuedAt: timeOf(now),
      expiresAt: timeOf(now + 86_400_000),
      releases: [entry],
    },
    { privateKey },
  );
  return store.set(`channels/${CHANNEL}.sealed`, sealed);
}

/** @param {ReleaseStore} releases @param {import('../dist/update.js').BuiltIn} builtIn @param {(path: string) => Promise<Uint8Array | undefined> | Uint8Array | undefined} get @param {string} publicKey */
export function createDevice(releases, builtIn, get, publicKey) {
  return createUpdater({
    store: STORE,
    channel: CHANNEL,
    appId: APP_ID,
    publicKey,
    releases,
    builtIn,
    fetch: async (input) => {
      const bytes = await get(String(input).slice(STORE.length));
      return bytes === undefined
        ? new Response('no such file', { status: 404 })
        : new Response(new Uint8Array(bytes));
    },
  });
}

/**
 * Measures the first start of a process or page with the release, and the reading of the state.
 *
 * @param {() => ReleaseStore} open @param {Pair} pair @param {number} rounds
 */
export async function measureStart(open, pair, rounds) {
  const store = await publish(filesOfBuild(1), pair);
  const builtIn = await memoryBuiltIn(filesOfBuild(0), { createdAt: '2026-01-01T00:00:00Z' });
  const get = (/** @type {string} */ path) => store.get(path);
  const first = createDevice(open(), builtIn, get, pair.publicKey);
  const shipped = await first.start();
  await first.update({ when: 'now' });
  const { id } = await first.start();
  mustAgree(id !== shipped.id && (await first.confirm(id)), 'the device did not take the release');
  first.dispose();
  return interleave(
    {
      async start() {
        const updater = createDevice(open(), builtIn, get, pair.publicKey);
        const begun = performance.now();
        const running = await updater.start();
        const time = performance.now() - begun;
        mustAgree(running.id === id, 'another release was started');
        // Waits for the background work of a start.
        await updater.confirm(id);
        updater.dispose();
        return time;
      },
      async state() {
        const releases = open();
        const begun = performance.now();
        await releases.readState();
        return performance.now() - begun;
      },
    },
    { rounds, warmUps: 3, ownClock: true },
  );
}

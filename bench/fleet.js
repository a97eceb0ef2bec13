// @ts-check Compares the downloads of a fleet of devices over real releases of an app with file-level deltas and full
// bundles.

import { keygen } from '../dist/index.js';
import { memoryBuiltIn } from '../dist/update.js';
import { run } from './fleet-real.js';
import { makeReleases } from './fleet-releases.js';
import { DAY, publishedAt, scheduleOf, sealOffers } from './fleet-schedule.js';
import { simulate } from './fleet-simulated.js';
import { mustAgree } from './format.js';
import { TARGETS } from './targets.js';
import { median } from './timing.js';

/** The first one is run on real devices too. The one that is released about weekly with small changes is held to the target. */
export const APPS = [
  {
    name: '@signalk/server-admin-ui',
    folder: 'public',
    versions:
      '1.27.0 1.28.0 1.29.0 1.30.1 1.31.0 1.32.0 1.33.0 1.34.4 1.36.0 1.37.6 1.38.0 1.39.0'.split(
        ' ',
      ),
  },
  {
    name: '@node-red/editor-client',
    folder: 'public',
    versions: '4.1.0 4.1.1 4.1.2 4.1.3 4.1.4 4.1.7 4.1.8 4.1.10 4.1.11 4.1.13 4.1.14 4.1.15'.split(
      ' ',
    ),
  },
  {
    name: '@scalar/api-reference',
    folder: 'dist/browser',
    hasSmallChanges: true,
    versions:
      '1.62.5 1.62.6 1.62.7 1.62.8 1.62.9 1.63.0 1.64.0 1.64.1 1.65.0 1.65.1 1.66.1 1.67.0'.split(
        ' ',
      ),
  },
];

/** @typedef {import('./fleet-simulated.js').Visit} Visit */

const DEVICES = 1000;
const REAL_DEVICES = 20;

/** @param {ReturnType<typeof import('./report.js').createReport>} report @param {{ quick: boolean }} settings */
export async function measureFleet(report, { quick }) {
  const pair = await keygen();
  const keys = { ...pair, appId: 'com.example.app' };
  const apps = quick
    ? APPS.slice(0, 1).map((app) => ({ ...app, versions: app.versions.slice(0, 4) }))
    : APPS;
  report.begin('fleet', 'A fleet that updates itself over the real releases of an app, in memory');
  for (const [n, app] of apps.entries()) await measureApp(report, app, keys, quick, n === 0);
}

/**
 * @param {ReturnType<typeof import('./report.js').createReport>} report @param {import('./fleet-releases.js').App} app
 * @param {import('./fleet-releases.js').Keys} keys @param {boolean} quick @param {boolean} isFirst
 */
async function measureApp(report, app, keys, quick, isFirst) {
  const { releases, objects } = await makeReleases(app, keys, publishedAt);
  const count = releases.length;
  const bad = count >> 1;
  const offers = await sealOffers(releases, bad, keys);
  const [first, wrong] = /** @type {any[]} */ ([releases[0], releases[bad]]);
  const world = { builtIn: first.entry, badId: wrong.entry.id, offers };
  const schedules = Array.from({ length: quick ? DEVICES / 10 : DEVICES }, (_, n) =>
    scheduleOf(n, count),
  );
  const devices = schedules.map((schedule) => simulate(schedule, world));
  if (isFirst) await compareWithReal(first, schedules, devices, world, objects, keys);

  const byId = new Map(releases.map((release) => [release.entry.id, release]));
  const visits = devices.flat();
  const total = (/** @type {(visit: Visit) => number} */ of) =>
    visits.reduce((sum, visit) => sum + of(visit), 0);
  const moved = total((visit) => visit.moved);
  const byFile = total((visit) => fileLevelBytes(visit, byId));
  const byBundle = total(({ installed = '' }) => byId.get(installed)?.entry.bundle.size ?? 0);
  const index = total((visit) => visit.indexBytes);
  const each = (/** @type {number} */ bytes) => Math.round(bytes / devices.length);
  const details = {
    ...{ app: app.name, versions: app.versions, devices: devices.length, bad: wrong.version },
    ...{ moved, byFile, byBundle, index, updates: total(({ installed }) => (installed ? 1 : 0)) },
    steps: releases.slice(1).map((release, n) => stepOf(release, /** @type {any} */ (releases[n]))),
  };
  const what = `${app.name} ${app.versions[0]} to ${app.versions.at(-1)}, ${count} releases, ${devices.length} devices`;
  report.value(`${what}: ${each(moved)} bytes per device`, moved / byFile, 'of file-level deltas', {
    details,
  });
  report.value(
    `  file-level deltas: ${each(byFile)} bytes per device; full bundles`,
    moved / byBundle,
    'of full bundles',
  );
  report.value(
    `  the index, asked for at each daily check, beside it: ${each(index)} bytes per device, in all`,
    (moved + index) / byFile,
    'of file-level deltas',
    { ...(app.hasSmallChanges && { target: TARGETS.fleetShare }) },
  );
  report.value(
    '  requests to the store, each device and day',
    total((visit) => visit.requests) / visits.length,
    'requests',
  );
  const times = releases
    .map((_, n) => n)
    .filter((n) => n > 0 && n !== bad)
    .map((n) => spreadTime(devices, releases, n, bad));
  for (const share of /** @type {const} */ ([0.5, 0.99])) {
    const days = times.map(
      (list) => /** @type {number} */ (list[Math.ceil(share * devices.length) - 1]) / DAY,
    );
    report.value(
      `  until ${share * 100} % have a release or a later one: median; at most ${Math.max(...days).toFixed(1)}`,
      median(days),
      'days',
    );
  }
  const hit = devices.filter((list) => list.some(({ running }) => running === world.badId)).length;
  report.value(
    `  devices that ran the withdrawn release ${wrong.version}`,
    (100 * hit) / devices.length,
    '%',
  );
}

/** By Capgo's manifest rules: each file whose SHA-256 no file of the device has, compressed with brotli. @param {Visit} visit @param {Map<string, import('./fleet-releases.js').Release>} byId */
function fileLevelBytes({ installed, has }, byId) {
  if (installed === undefined) return 0;
  const held = has.map((id) => byId.get(id)?.digests);
  let bytes = 0;
  for (const [sha256, size] of byId.get(installed)?.digests ?? []) {
    if (!held.some((digests) => digests?.has(sha256))) bytes += size;
  }
  return bytes;
}

/** What a device downloads that goes from one release to the next. @param {import('./fleet-releases.js').Release} release @param {import('./fleet-releases.js').Release} before */
function stepOf({ version, digests, entry }, before) {
  const changed = [...digests].filter(([sha256]) => !before.digests.has(sha256));
  return {
    version,
    patch: entry.patches.find(({ from }) => from === before.entry.id)?.size,
    byFile: changed.reduce((sum, [, size]) => sum + size, 0),
    bundle: entry.bundle.size,
  };
}

/** For each device, how long after its publication it had the release or a later one that is not bad; in order. @param {Visit[][]} devices @param {import('./fleet-releases.js').Release[]} releases @param {number} n @param {number} bad */
function spreadTime(devices, releases, n, bad) {
  const good = new Set(releases.slice(n).map(({ entry }) => entry.id));
  good.delete(/** @type {any} */ (releases[bad]).entry.id);
  const times = devices.map(
    (visits) =>
      visits.find(({ installed = '' }) => good.has(installed))?.at ?? Number.POSITIVE_INFINITY,
  );
  return times.map((at) => at - publishedAt(n)).sort((a, b) => a - b);
}

/** @param {import('./fleet-releases.js').Release} first @param {import('./fleet-schedule.js').DeviceSchedule[]} schedules @param {Visit[][]} devices @param {import('./fleet-simulated.js').World} world @param {Map<string, Uint8Array>} objects @param {import('./fleet-releases.js').Keys} keys */
async function compareWithReal(first, schedules, devices, world, objects, keys) {
  const builtIn = await memoryBuiltIn(first.files, { createdAt: first.entry.createdAt });
  // Chooses devices with failed downloads and devices with the bad release, because only these can differ.
  const order = devices
    .map((visits, n) => ({ n, score: oddity(visits, schedules[n]?.launches ?? [], world.badId) }))
    .sort((a, b) => b.score - a.score || a.n - b.n);
  const chosen = [...order.slice(0, REAL_DEVICES / 2), ...order.slice(-REAL_DEVICES / 2)];
  for (const { n } of chosen) {
    const schedule = /** @type {import('./fleet-schedule.js').DeviceSchedule} */ (schedules[n]);
    const real = await run(schedule, world, builtIn, objects, keys);
    for (const [i, visit] of real.entries()) {
      const { has: _, ...is } = visit;
      const { has: __, ...simulated } = /** @type {Visit} */ (devices[n]?.[i] ?? {});
      const [a, b] = [is, simulated].map((one) => JSON.stringify(Object.entries(one).sort()));
      mustAgree(a === b, `device ${n}, ${i}: a real one does ${a}, the simulated one ${b}`);
    }
  }
  console.log(
    `${chosen.length} of the devices, run as real updaters over the same schedule, do the same at every launch`,
  );
}

/** @param {Visit[]} visits @param {import('./fleet-schedule.js').Launch[]} launches @param {string} badId */
function oddity(visits, launches, badId) {
  const faults = visits.filter(
    ({ moved }, i) => moved > 0 && launches[i]?.fault !== undefined,
  ).length;
  return faults * 2 + (visits.some(({ running }) => running === badId) ? 1 : 0);
}

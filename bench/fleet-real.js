// @ts-check A real device: `createUpdater` over a store in memory, with a network in memory that fails by the
// schedule.

import { createUpdater, memoryBuiltIn, memoryStore } from '../dist/update.js';
import { CHANNEL, offerAt, START } from './fleet-schedule.js';
import { mustAgree } from './format.js';

const STORE = 'https://updates.example.com/app/';

/** @typedef {import('./fleet-simulated.js').Visit} Visit */

/**
 * @param {import('./fleet-schedule.js').DeviceSchedule} schedule
 * @param {import('./fleet-simulated.js').World} world
 * @param {Awaited<ReturnType<typeof memoryBuiltIn>>} builtIn
 * @param {Map<string, Uint8Array>} objects @param {import('./fleet-releases.js').Keys} keys
 * @returns {Promise<Visit[]>}
 */
export async function run({ id, launches }, { badId, offers }, builtIn, objects, keys) {
  const releases = memoryStore();
  const network = createNetwork(offers, objects);
  const create = (/** @type {number} */ now) =>
    createUpdater({
      store: STORE,
      channel: CHANNEL,
      appId: keys.appId,
      publicKey: keys.publicKey,
      releases,
      builtIn,
      fetch: network.fetch,
      now: () => now,
      retries: 1,
      retryDelay: 1,
    });
  await giveId(create(START), releases, id);
  /** @type {Visit[]} */
  const visits = [];
  for (const launch of launches) {
    network.begin(launch);
    const updater = create(launch.at);
    const { id: running, files } = await updater.start();
    await files.list();
    /** @type {string | undefined} */
    let installed;
    if (running === badId) {
      await updater.fail(running);
    } else {
      await updater.confirm(running);
      const before = new Set(await releases.list());
      try {
        const { id: taken } = await updater.update();
        if (taken !== undefined && !before.has(taken)) installed = taken;
      } catch {
        // The launch after this one tries again.
      }
    }
    updater.dispose();
    const { moved, requests, indexBytes } = network;
    visits.push({
      at: launch.at,
      running,
      moved,
      requests,
      indexBytes,
      has: [],
      ...(installed && { installed }),
    });
  }
  return visits;
}

/** Starts the device once, and gives it the random id that the simulated one has. @param {any} updater @param {any} releases @param {string} id */
async function giveId(updater, releases, id) {
  await updater.start();
  // `confirm` waits for the background work of the start.
  await updater.confirm('0'.repeat(64));
  updater.dispose();
  const state = JSON.parse(new TextDecoder().decode(await releases.readState()));
  await releases.writeState(new TextEncoder().encode(JSON.stringify({ ...state, deviceId: id })));
}

/** @param {import('./fleet-schedule.js').Offer[]} offers @param {Map<string, Uint8Array>} objects */
function createNetwork(offers, objects) {
  /** @type {import('./fleet-schedule.js').Launch} */
  let launch = { at: 0, share: 0 };
  let isFaultDue = false;
  let isGone = false;
  const network = {
    moved: 0,
    requests: 0,
    indexBytes: 0,
    begin(/** @type {import('./fleet-schedule.js').Launch} */ next) {
      launch = next;
      isFaultDue = next.fault !== undefined;
      isGone = false;
      network.moved = 0;
      network.requests = 0;
      network.indexBytes = 0;
    },
    /** @type {typeof fetch} */
    async fetch(input, init) {
      if (isGone) throw new TypeError('the network is gone');
      network.requests += 1;
      const path = String(input).slice(STORE.length);
      if (path === `channels/${CHANNEL}.sealed`) {
        const { from, sealed } = offerAt(offers, launch.at);
        const etag = `"${from}"`;
        if (new Headers(init?.headers).get('if-none-match') === etag) {
          return new Response(null, { status: 304, headers: { etag } });
        }
        network.indexBytes += sealed.length;
        return new Response(new Uint8Array(sealed), { headers: { etag } });
      }
      const name = /^objects\/([0-9a-f]{64})\.sealed$/.exec(path)?.[1] ?? '';
      const object = objects.get(name);
      mustAgree(object !== undefined, `a device asked for ${path}`);
      const whole = /** @type {Uint8Array} */ (object);
      const range = /^bytes=(\d+)-$/.exec(new Headers(init?.headers).get('range') ?? '');
      const from = range === null ? 0 : Number(range[1]);
      const { fault } = launch;
      const isFaulty = isFaultDue;
      isFaultDue = false;
      let bytes = whole.slice(from);
      let isCut = false;
      if (isFaulty && fault === 'altered') bytes[bytes.length >> 1] ^= 1;
      if (isFaulty && fault !== 'altered') {
        isCut = true;
        bytes = bytes.subarray(0, Math.floor(launch.share * bytes.length));
        isGone = fault === 'gone';
      }
      network.moved += bytes.length;
      const init200 =
        from === 0
          ? { status: 200 }
          : {
              status: 206,
              headers: { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` },
            };
      return new Response(bodyOf(bytes, isCut), init200);
    },
  };
  return network;
}

/** @param {Uint8Array} bytes @param {boolean} isCut */
function bodyOf(bytes, isCut) {
  let isSent = bytes.length === 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (!isSent) {
          isSent = true;
          controller.enqueue(bytes);
        } else if (isCut) {
          controller.error(new TypeError('the connection broke'));
        } else {
          controller.close();
        }
      },
    },
    { highWaterMark: 0 },
  );
}

// @ts-check
// node caching-proxy.js ORIGIN
//
// A caching reverse proxy, as a process of its own between a device and the server of a store. The first segment of the
// path chooses what it does wrong; each of these has a cache of its own. Prints its address. `/purge/` empties all caches, `/purge/NAME` one.

import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

const origin = /** @type {string} */ (process.argv[2]);

/** @typedef {{ status: number, headers: Record<string, string>, body: Buffer }} Answer */
/** @typedef {{ path: string, range: number, acceptsGzip: boolean, times: number }} Asked `range`: the first byte */
/**
 * @typedef {object} Behaviour
 * @property {(path: string, answer: Answer) => boolean} [keeps] whether an answer is kept and not asked for again
 * @property {(answer: Answer, asked: Asked) => Answer & { cutAt?: number }} [changes] the answer on its way to the device
 * @property {(path: string) => string} [keyOf] what answers are kept under
 */

const isObject = (/** @type {string} */ path) => path.startsWith('objects/');
const isFresh = (/** @type {string} */ _, /** @type {Answer} */ { status, headers }) =>
  status === 200 && /max-age=[1-9]/.test(headers['cache-control'] ?? '');

/** @param {Answer} whole @param {number} from @returns {Answer} */
function partOf(whole, from) {
  const { length } = whole.body;
  const range = { 'content-range': `bytes ${from}-${length - 1}/${length}` };
  return {
    status: 206,
    headers: { ...whole.headers, ...range },
    body: whole.body.subarray(from),
  };
}

/** @param {Answer} answer @param {Asked} asked @returns {Answer} */
const ranged = (answer, { range }) =>
  range > 0 && answer.status === 200 ? partOf(answer, range) : answer;

/** @type {Record<string, Behaviour>} */
const BEHAVIOURS = {
  sound: {},
  // Keeps every answer, whatever the server says about it.
  stale: { keeps: (_, { status }) => status === 200 },
  // Keeps "not found" too.
  negative: { keeps: (path, answer) => answer.status === 404 || isFresh(path, answer) },
  whole: {
    changes: (answer, { path, times }) =>
      isObject(path) && times < 2 ? { ...answer, cutAt: 300 } : answer,
  },
  cut: {
    changes(answer, asked) {
      const sent = ranged(answer, asked);
      return isObject(asked.path) ? { ...sent, cutAt: 300 } : sent;
    },
  },
  bare: {
    changes(answer, { path, times }) {
      const sent = { ...answer, headers: {} };
      return isObject(path) && times === 0 ? { ...sent, cutAt: 300 } : sent;
    },
  },
  compressed: {
    changes(answer, { path, times, acceptsGzip }) {
      if (!acceptsGzip || answer.status !== 200) return answer;
      const headers = { ...answer.headers, 'content-encoding': 'gzip', vary: 'accept-encoding' };
      headers['etag'] = `W/${headers['etag']}`;
      const sent = { ...answer, headers, body: gzipSync(answer.body) };
      return isObject(path) && times === 0 ? { ...sent, cutAt: 300 } : sent;
    },
  },
  // Has kept objects of which the connection to the server broke, and takes them for whole.
  truncated: {
    changes: (answer, asked) =>
      isObject(asked.path) && asked.times < 3
        ? ranged({ ...answer, body: answer.body.subarray(0, answer.body.length >> 1) }, asked)
        : ranged(answer, asked),
  },
  // Keeps the first object under the name of all.
  mixed: { keyOf: (path) => (isObject(path) ? 'objects/' : path) },
};

/** @type {Map<string, Answer>} */
const kept = new Map();
/** @type {Map<string, number>} */
const times = new Map();

/** Asks the server, with the tag of the last answer if there is one. @param {string} path @param {Answer | undefined} known @returns {Promise<Answer>} */
async function ask(path, known) {
  const etag = known?.headers['etag'];
  const answer = await fetch(`${origin}${path}`, {
    headers: etag === undefined ? {} : { 'if-none-match': etag },
  });
  const body = Buffer.from(await answer.arrayBuffer());
  if (answer.status === 304 && known !== undefined) return known;
  const headers = Object.fromEntries(answer.headers);
  for (const name of ['date', 'connection', 'keep-alive', 'content-length']) delete headers[name];
  return { status: answer.status, headers, body };
}

const server = createServer(async (request, response) => {
  const [, name = '', ...rest] = (request.url ?? '').split('/');
  const path = rest.join('/');
  if (name === 'purge') {
    for (const key of kept.keys()) {
      if (path === '' || key.startsWith(`${path} `)) kept.delete(key);
    }
    for (const key of times.keys()) if (path === '') times.delete(key);
    response.end();
    return;
  }
  const { keeps = isFresh, changes = ranged, keyOf = (is) => is } = BEHAVIOURS[name] ?? {};
  const key = `${name} ${keyOf(path)}`;
  const known = kept.get(key);
  const isHit = known !== undefined && keeps(path, known);
  const answer = isHit ? known : await ask(path, known);
  kept.set(key, answer);
  const count = times.get(`${name} ${path}`) ?? 0;
  times.set(`${name} ${path}`, count + 1);
  const tag = request.headers['if-none-match'];
  if (tag !== undefined && name !== 'bare' && tag === answer.headers['etag']) {
    response.writeHead(304, { etag: tag }).end();
    return;
  }
  const { status, headers, body, cutAt } = changes(answer, {
    path,
    range: Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0),
    acceptsGzip: /\bgzip\b/.test(String(request.headers['accept-encoding'])),
    times: count,
  });
  const via = { via: '1.1 caching-proxy', 'x-cache': isHit ? 'hit' : 'miss' };
  response.writeHead(status, { ...headers, ...via, 'content-length': body.length });
  if (cutAt === undefined || cutAt >= body.length) response.end(body);
  else response.write(body.subarray(0, cutAt), () => request.socket.destroy());
});
server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`http://127.0.0.1:${port}/`);
});

// Runs the suite in a page or a worker, which fetches its input from the server.

import * as stores from '../suite/stores.js';
import { run } from '../suite.js';
import { outcome, runTopics } from '../topics.js';

export async function runHere(backends, more = async () => []) {
  const vectors = await (await fetch('/vectors.json')).json();
  return [...(await run({ vectors, backends })), ...(await more(vectors))];
}

/** For pages and dedicated workers. */
export const runStores = () => runTopics({ stores }, ['stores'], {});

/** One test of the stores. A service worker runs each in an event, because browsers end one whose event takes minutes. */
export async function runOneOfStores(n) {
  const all = [...stores.tests()];
  const [name, test] = all[n];
  return { count: all.length, result: await outcome(`stores: ${name}`, test) };
}

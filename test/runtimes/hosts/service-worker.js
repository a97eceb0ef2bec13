// One file: a service worker may not import() later.

import { runHere, runOneOfStores } from './scope.js';

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
// Each message is an event of its own, which keeps the worker alive until its answer is sent.
addEventListener('message', (event) => {
  const { data, ports } = event;
  const [port] = ports;
  const work =
    data.test === undefined ? runHere(['webcrypto', 'noble']) : runOneOfStores(data.test);
  event.waitUntil(
    work.then(
      (answer) => port.postMessage({ answer }),
      (error) => port.postMessage({ error: `${error}` }),
    ),
  );
});

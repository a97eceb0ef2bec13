// One file: a service worker may not import() later.

import { runHere } from './scope.js';

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('message', (event) => {
  const answer = (results) => event.source.postMessage(results);
  const failed = (error) => answer([{ name: 'runs at all', ok: false, error: `${error}` }]);
  event.waitUntil(runHere(['webcrypto', 'noble']).then(answer, failed));
});

import { runHere, runStores } from './scope.js';

globalThis.inPage = () => runHere(['webcrypto', 'noble'], runStores);

globalThis.inWorker = () =>
  new Promise((resolve, reject) => {
    // Firefox ends a worker that nothing references while it waits for the file system.
    globalThis.worker = new Worker('/worker.js');
    globalThis.worker.onmessage = ({ data }) => resolve(data);
    globalThis.worker.onerror = ({ message }) => reject(new Error(message));
  });

globalThis.inServiceWorker = async () => {
  await navigator.serviceWorker.register('/service-worker.js');
  const { active } = await navigator.serviceWorker.ready;
  const ask = (message) =>
    new Promise((resolve, reject) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) =>
        data.error === undefined ? resolve(data.answer) : reject(new Error(data.error));
      active.postMessage(message, [port2]);
    });
  const results = await ask({});
  for (let n = 0, total = 1; n < total; n++) {
    const { count, result } = await ask({ test: n });
    total = count;
    results.push(result);
  }
  return results;
};

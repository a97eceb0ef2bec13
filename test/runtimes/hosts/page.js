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
  return new Promise((resolve) => {
    navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
    navigator.serviceWorker.startMessages();
    active.postMessage('run');
  });
};

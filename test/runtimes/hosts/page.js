import { runHere, runStores } from './scope.js';

globalThis.inPage = () => runHere(['webcrypto', 'noble'], runStores);

globalThis.inWorker = () =>
  new Promise((resolve, reject) => {
    const worker = new Worker('/worker.js');
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
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

import worker from './sw.js?worker&url';
import { updater } from './updater.js';

/** Call it when the app works. Gives whether a new release waits for a reload. */
export async function keepUpToDate() {
  await navigator.serviceWorker.register(worker);
  await navigator.serviceWorker.ready;
  await updater.confirm(await updater.attach());
  const { id, check } = await updater.update();
  if (check.error) console.warn(check.error); // such as a wrong address of the store
  return id !== undefined;
}

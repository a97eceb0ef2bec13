import { waitForFirstScreen } from 'bundleseal/update';
import worker from './sw.js?worker&url';
import { updater } from './updater.js';

const RELOADS = 'reloads'; // how often the page has loaded itself again
let isCalled = false;
for (const type of ['error', 'unhandledrejection']) {
  const leave = () => isCalled || startAgain().catch(console.error);
  addEventListener(type, () => setTimeout(leave, 500), { once: true });
}

/** Loads the page again if a new release has failed before `keepUpToDate`, or shows nothing. Each load counts as a start. */
async function startAgain() {
  if (!navigator.serviceWorker?.controller) return;
  // The page asks the service worker, because it cannot load code that the bundler has put together with the code that threw.
  const answer = await fetch('bundleseal-release.json', { cache: 'no-store' });
  await answer.text(); // A browser shows a request as failed if nobody reads its body.
  if (!answer.headers.has('bundleseal-trial')) return;
  document.body.textContent = 'This version did not start. Reload the page to try again.';
  const reloads = Number(sessionStorage.getItem(RELOADS));
  if (!navigator.onLine || reloads >= 3) return;
  sessionStorage.setItem(RELOADS, String(reloads + 1));
  location.reload();
}

/** Rejects if the browser does not install the worker, because `ready` waits for ever then. */
function failureOf(installing) {
  const text =
    'The browser did not install the service worker. Often the web server lacks a file that bundleseal-release.json lists: the console of the worker names it.';
  return new Promise((_, reject) => {
    installing?.addEventListener('statechange', () => {
      if (installing?.state === 'redundant') reject(new Error(text));
    });
  });
}

/** Call it when the app works. Gives whether a new release waits for a reload. */
export async function keepUpToDate() {
  if (!isSecureContext && !isCalled) console.warn('Updates need https or localhost.');
  isCalled = true;
  if (!('serviceWorker' in navigator)) return false;
  const { installing } = await navigator.serviceWorker.register(worker);
  await Promise.race([navigator.serviceWorker.ready, failureOf(installing)]);
  const running = await updater.attach();
  if ((await updater.status()).trial && !(await waitForFirstScreen())) await startAgain();
  else {
    await updater.confirm(running);
    sessionStorage.removeItem(RELOADS);
  }
  const { id, check } = await updater.update();
  if (check.error) console.warn(check.error); // such as a wrong address of the store
  return id !== undefined;
}

// Waits until Chromium has replaced a service worker by the next one.

import type { CDPSession, Page } from 'playwright';

/** A part of `ServiceWorker.workerVersionUpdated` of the Chrome DevTools Protocol. */
interface WorkerVersion {
  readonly versionId: string;
  readonly status: string;
  readonly runningStatus: string;
}

/** Milliseconds between two looks at the workers. Chromium mostly replaces a worker faster. */
const INTERVAL = 1000;

/**
 * Runs a task that waits for what the next worker does. If Chromium has not replaced the old worker after a second, this function
 * ends the old worker. A failure of the task tells what the workers did.
 *
 * Chromium ends the old worker when the next one is installed. If a page sends a request at this moment, Chromium starts the old
 * worker again. It then replaces the old worker after 30 seconds without a request, or after five minutes if a debugger is
 * attached to the worker. Playwright is a debugger.
 */
export async function withNextWorker<T>(page: Page, task: () => Promise<T>): Promise<T> {
  const versions = new Map<string, WorkerVersion>();
  const started = performance.now();
  const told: string[] = [];
  const tell = (text: string) =>
    told.push(`${((performance.now() - started) / 1000).toFixed(2)} s: ${text}`);
  const context = page.context();
  const listen = (message: { text(): string }) => tell(`the console says ${message.text()}`);
  context.on('console', listen);
  const session = await context.newCDPSession(page);
  session.on('ServiceWorker.workerVersionUpdated', (event) => {
    for (const version of event.versions) {
      versions.set(version.versionId, version);
      tell(`worker ${version.versionId} is ${version.status} and ${version.runningStatus}`);
    }
  });
  await session.send('ServiceWorker.enable');
  const timer = setInterval(() => endOld(session, [...versions.values()], tell), INTERVAL);
  try {
    return await task();
  } catch (cause) {
    throw new Error(`${cause}\nThe workers of ${page.url()}:\n${told.join('\n')}`, { cause });
  } finally {
    clearInterval(timer);
    context.off('console', listen);
    await session.detach();
  }
}

function endOld(
  session: CDPSession,
  versions: readonly WorkerVersion[],
  tell: (text: string) => void,
): void {
  // A worker that waits has the status `installed`.
  if (!versions.some(({ status }) => status === 'installed')) return;
  for (const { versionId, status, runningStatus } of versions) {
    if (status !== 'activated' || runningStatus !== 'running') continue;
    tell(`the test ends worker ${versionId}`);
    session.send('ServiceWorker.stopWorker', { versionId }).catch(() => {});
  }
}

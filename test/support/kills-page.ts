// The page of test/model/chromium-kills: a device over each store of a browser. Tells the server each step before the next.

import {
  cacheStore,
  createUpdater,
  fetchBuiltIn,
  opfsStore,
  type ReleaseStore,
} from '../../src/update.ts';
import type { Orders, Report, Step, StoreName } from './kills-page-types.ts';

async function post(path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
  return answer.json();
}

const hexOf = async (bytes: Uint8Array): Promise<string> =>
  [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');

/** A launch of the app, and updates until the kill. */
async function live(store: StoreName, releases: ReleaseStore, publicKey: string): Promise<void> {
  const tell = (step: Step) => post('/step', { store, ...step }) as Promise<Orders>;
  const events: string[] = [];
  const updater = createUpdater({
    store: new URL('/store/', location.href).href,
    channel: 'production',
    appId: 'com.example.app',
    publicKey,
    releases,
    builtIn: fetchBuiltIn({ base: '/built-in/' }),
    retryDelay: 1,
    onEvent: (event) =>
      events.push('error' in event ? `${event.type}: ${event.error}` : event.type),
  });
  const hadState = (await releases.readState()) !== undefined;
  const { id: first, files } = await updater.start();
  const digests: [path: string, sha256: string][] = [];
  for (const { path } of await files.list()) {
    if (path === 'bundleseal-release.json') continue;
    digests.push([path, await hexOf(await files.read(path))]);
  }
  const { index, blocked } = await updater.status();
  const report: Report = {
    store,
    id: first,
    digests,
    hadState,
    sequence: index?.sequence ?? 0,
    blocked: blocked.map(({ id }) => id),
    stored: (await releases.list()).length,
    events: [...events],
  };
  await post('/started', report);
  for (let id = first; ; ) {
    const isOn = await updater.confirm(id);
    const { isLast, fails } = await tell({ step: 'confirmed', id, isOn });
    if (fails) {
      await updater.fail(id);
      await tell({ step: 'failed', id });
    }
    const found = await updater.check();
    const { index: accepted } = await updater.status();
    await tell({ step: 'checked', sequence: accepted?.sequence ?? 0 });
    if (found.status === 'available') {
      const next = await updater.download();
      await tell({ step: 'activates', id: next.id });
    } else if (isLast) {
      await tell({ step: 'done', id });
      return;
    }
    await updater.activate({ when: 'now' });
    ({ id } = await updater.start());
    await tell({ step: 'runs', id });
  }
}

const { publicKey } = (await (await fetch('/orders')).json()) as { readonly publicKey: string };
await Promise.all([
  live('cacheStore', cacheStore(), publicKey),
  live('opfsStore', opfsStore(), publicKey),
]).catch((error: Error) => post('/broken', `${error.message}\n${error.stack}`));

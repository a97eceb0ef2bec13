// The updater of an app: checks for releases, installs them, runs them on trial, and rolls back.

import { selectBackend } from '../backend/select.ts';
import { BundleSealError } from '../errors.ts';
import { checkOptions, describe } from '../options.ts';
import { isUnicode } from '../release/json.ts';
import { isDigest } from '../release/members.ts';
import { readStamp, STAMP } from '../release/stamp.ts';
import { unawaited } from '../turn.ts';
import { type Checked, checkForUpdate } from './check.ts';
import { createUpdateContext, type UpdateContext } from './context.ts';
import { copyBuiltIn } from './copy-built-in.ts';
import { downloadRelease } from './download.ts';
import type { UpdateEvent } from './events.ts';
import { foregroundTimer } from './foreground.ts';
import { checkChannel, readSettings, type Settings, type UpdaterOptions } from './options.ts';
import { createPages, type Pages } from './pages.ts';
import { createReleases, type Releases } from './running.ts';
import { sharedWork } from './shared-work.ts';
import { storableText } from './state.ts';
import { describeStatus } from './status.ts';
import * as transitions from './transitions.ts';
import type { RunningRelease, Updater } from './updater-types.ts';

/** UTF-16 code units. */
const MAX_REASON_LENGTH = 1000;

/** The context of a call. */
interface Ready extends UpdateContext {
  readonly releases: Releases;
  readonly pages: Pages;
}

/**
 * Creates the updater of an app. The updater checks a store of static files for releases, verifies and installs them, runs each
 * release on trial, and goes back to the last confirmed release if one does not work.
 *
 * The updater reads and writes nothing before its first call.
 *
 * @returns The updater. Use one for each process, page or worker.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names.
 * @see docs/updates.md
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 * import { createUpdater, memoryBuiltIn, memoryStore } from 'bundleseal/update';
 *
 * const { publicKey } = await keygen(); // an app carries the public key of its build machine
 * const index = new TextEncoder().encode('<!doctype html>');
 * const updater = createUpdater({
 *   store: 'https://updates.example.com/app/',
 *   channel: 'production',
 *   appId: 'com.example.app',
 *   publicKey,
 *   releases: memoryStore(),
 *   builtIn: await memoryBuiltIn({ 'index.html': index }, { createdAt: '2026-11-26T08:55:00Z' }),
 * });
 * const { id, files } = await updater.start();
 * console.log((await files.read('index.html')).length);
 * await updater.confirm(id);
 * ```
 */
export function createUpdater(options: UpdaterOptions): Updater {
  const settings = readSettings(options);
  const disposed = new AbortController();
  const listeners = new Set<(event: UpdateEvent) => void>();
  let working: Promise<Ready> | undefined;
  let running: Promise<RunningRelease> | undefined;
  /** The id of the release that this process has started for itself, not for a page. */
  let served: string | undefined;
  let found: Checked | undefined;
  let stopTimer = () => {};
  const background = new Set<Promise<void>>();

  const emit = (event: UpdateEvent) => {
    // A listener that throws, or whose promise rejects, must not stop the update.
    for (const listener of [settings.onEvent, ...listeners]) unawaited(() => listener?.(event));
  };

  const ready = (): Promise<Ready> => {
    disposed.signal.throwIfAborted();
    working ??= (async () => {
      const context = createUpdateContext(settings, await selectBackend(settings.backend), emit);
      const copy = () => copyBuiltIn(context, disposed.signal);
      const releases = createReleases(context, aside, copy);
      return { ...context, releases, pages: createPages(context, releases) };
    })();
    return working;
  };

  /** Runs a task in the background. Its failure is an `error` event and stops nothing. */
  const aside = (task: () => Promise<unknown>) => {
    const work: Promise<void> = task()
      .catch((error: unknown) => {
        if (!disposed.signal.aborted) emit({ type: 'error', error });
      })
      .then(() => {
        background.delete(work);
      });
    background.add(work);
  };

  const startIn = async (client: string | undefined): Promise<RunningRelease> => {
    const context = await ready();
    const { release, state } = await context.releases.start(client);
    if (client !== undefined) {
      context.pages.remember(client, release.id);
      if (state === undefined) aside(() => context.pages.bind(client, release.id));
    } else {
      // The state binds pages only. This process serves its release until it starts another one, also after a rollback.
      context.device.hold(release.id);
      served = release.id;
    }
    const isTrial = state?.trial !== undefined;
    emit({ type: 'started', id: release.id, isTrial });
    if (isTrial) watchTrial(context, release.id);
    aside(() => context.device.sweep(state));
    return release;
  };

  const watchTrial = ({ act, device }: UpdateContext, id: string) => {
    if (settings.confirmTimeout === undefined || disposed.signal.aborted) return;
    stopTimer();
    stopTimer = foregroundTimer(settings.confirmTimeout, () =>
      aside(() =>
        act((state) =>
          state.trial?.id === id ? transitions.unconfirmed(state, id, device.facts()) : state,
        ),
      ),
    );
  };

  /** Asks `createReleaseHandler` which release this page runs. */
  const askServer = async () => {
    const url = new URL(STAMP, globalThis.document?.baseURI ?? globalThis.location.href);
    const answer = await settings.fetch(url, { cache: 'no-store', signal: disposed.signal });
    if (!answer.ok) throw unknownPage(answer.status);
    return readStamp(new Uint8Array(await answer.arrayBuffer()));
  };

  const sharedCheck = sharedWork(async (signal) => {
    const checked = await checkForUpdate(await ready(), signal);
    found = checked;
    emit({ type: 'checked', result: checked.result });
    return checked;
  }, disposed.signal);

  const sharedDownload = sharedWork(async (signal) => {
    const result = await downloadRelease(await ready(), found, sharedCheck, signal);
    if (result.isNew) emit({ type: 'downloaded', id: result.id, moved: result.moved });
    return { id: result.id, moved: result.moved };
  }, disposed.signal);

  const updater: Updater = {
    start({ client } = {}) {
      if (client !== undefined) {
        checkClient(client);
        return startIn(client);
      }
      if (running === undefined) {
        const started = startIn(undefined);
        running = started;
        started.catch(() => {
          running = undefined;
        });
      }
      return running;
    },
    async releaseOf(client, child) {
      checkClient(client);
      if (child !== undefined) checkClient(child);
      return (await ready()).pages.releaseOf(client, child);
    },
    async leaveToWebsite(client) {
      checkClient(client);
      await (await ready()).pages.leave(client);
    },
    async attach() {
      const context = await ready();
      const { id } = await (isFromWebsite(settings) ? context.device.shippedStamp() : askServer());
      const { trial } = await context.device.read();
      if (trial?.id === id) watchTrial(context, id);
      return id;
    },
    async check(options = {}) {
      checkOptions('check', options, { signal: 'signal' });
      return (await sharedCheck(options.signal)).result;
    },
    async download(options = {}) {
      checkOptions('download', options, { signal: 'signal', onProgress: 'function' });
      const { signal, onProgress } = options;
      const listen = (event: UpdateEvent) => {
        if (event.type !== 'progress') return;
        const { done, total } = event;
        unawaited(() => onProgress?.({ done, total }));
      };
      listeners.add(listen);
      try {
        return await sharedDownload(signal);
      } finally {
        listeners.delete(listen);
      }
    },
    async activate(options = {}) {
      checkOptions('activate', options, { when: 'any' });
      const { when = 'next-start' } = options;
      if (when !== 'next-start' && when !== 'now') {
        throw new TypeError('options.when expected "next-start" or "now"');
      }
      const { act } = await ready();
      const { next, running: current } = await act((state) =>
        state.ready === undefined ? state : transitions.activate(state, state.ready),
      );
      // A start that changes nothing would be counted for a release on trial. After a rollback, `running` is another release.
      if (when === 'now' && (next !== undefined || current !== served)) running = undefined;
      if (next !== undefined) emit({ type: 'activated', id: next, when });
    },
    async update(options = {}) {
      checkOptions('update', options, { signal: 'signal', onProgress: 'function', when: 'any' });
      const { when, ...download } = options;
      const { result } = await sharedCheck(options.signal);
      if (result.status !== 'available') {
        // Another process may have activated a release, or this one has rolled back.
        if (when === 'now' && (await (await ready()).device.read()).running !== served)
          running = undefined;
        return { check: result, moved: 0 };
      }
      const { id, moved } = await updater.download(download);
      await updater.activate(when === undefined ? {} : { when });
      return { check: result, id, moved };
    },
    async confirm(id) {
      const { act } = await ready();
      let isFirst = false;
      const { running: runs } = await act((state) => {
        isFirst = state.trial?.id === id;
        return transitions.confirm(state, id);
      });
      if (isFirst) {
        stopTimer();
        emit({ type: 'confirmed', id });
      }
      return runs === id;
    },
    async fail(id, reason = 'the app called fail() without a reason') {
      if (!isDigest(id))
        throw new TypeError('id expected a release id: 64 lower-case hex characters');
      const { act, device } = await ready();
      // Apps pass any value that they caught, such as an error.
      const text = storableText(String(reason), MAX_REASON_LENGTH);
      await act((state) => transitions.fail(state, id, text, device.facts()));
    },
    async useBuiltIn() {
      const { act } = await ready();
      await act(transitions.useBuiltIn);
    },
    async setChannel(channel) {
      checkChannel(channel, 'channel');
      const { act } = await ready();
      await act((state) => transitions.setChannel(state, channel));
      found = undefined;
    },
    async installBuiltIn(options = {}) {
      checkOptions('installBuiltIn', options, { signal: 'signal' });
      await copyBuiltIn(await ready(), options.signal ?? disposed.signal);
    },
    async keepClients(living) {
      await (await ready()).pages.keep(living);
    },
    async status() {
      const { device } = await ready();
      return describeStatus(await device.read(), await device.builtIn());
    },
    async idle() {
      while (background.size > 0) await Promise.all(background);
    },
    dispose() {
      stopTimer();
      disposed.abort(new DOMException('the updater was disposed of', 'AbortError'));
    },
  };
  return updater;
}

function checkClient(client: unknown): void {
  if (typeof client === 'string' && isUnicode(client)) return;
  throw new TypeError(`client expected the id of a page, got ${describe(client)}`);
}

function unknownPage(status: number): BundleSealError {
  return new BundleSealError(
    'ERR_STORE',
    `the release of this page is not known, because its server answered ${STAMP} with status ${status}: load the page again`,
  );
}

/** Whether the website served this page without a service worker, for example after a forced reload. */
function isFromWebsite({ builtIn }: Settings): boolean {
  const { serviceWorker } = (globalThis.navigator ?? {}) as {
    readonly serviceWorker?: { readonly controller: unknown };
  };
  return builtIn.isRemote === true && (serviceWorker?.controller ?? null) === null;
}

// Makes the files with which an app for phones or desktops updates itself.

import type { Answers } from './answers.ts';
import type { Project } from './project.ts';
import { APP_FOLDER, INIT_MARK, type NewFile } from './website.ts';

/** Electron: modules of the main process, in JavaScript, as Electron runs it. */
export const ELECTRON_FOLDER = 'bundleseal';

export function electronFiles({ dir, url, channel, appId }: Answers): NewFile[] {
  return [
    {
      path: `${ELECTRON_FOLDER}/updater.mjs`,
      about: 'the updater of the main process',
      content: `// ${INIT_MARK}
import { join } from 'node:path';
import { folderBuiltIn, folderStore } from 'bundleseal/node';
import { createReleaseHandler, createUpdater } from 'bundleseal/update';
import { publicKeys } from './key.mjs';

/**
 * Call it before the app is ready: \`registerScheme(protocol)\`.
 *
 * @param {import('electron').Protocol} protocol
 */
export function registerScheme(protocol) {
  const privileges = { standard: true, secure: true, supportFetchAPI: true };
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges }]);
}

/**
 * Serves the running release at app://app/, and keeps it up to date. Call it when the app is ready, then load that
 * address in a window.
 *
 * @param {import('electron').App} app
 * @param {import('electron').Protocol} protocol
 */
export function serveReleases(app, protocol) {
  const updater = createUpdater({
    store: '${url}',
    channel: '${channel}',
    appId: '${appId}',
    publicKey: publicKeys,
    releases: folderStore(join(app.getPath('userData'), 'updates')),
    builtIn: folderBuiltIn(join(app.getAppPath(), '${dir}')),
  });
  const handle = createReleaseHandler(updater, { fallback: 'index.html' });
  protocol.handle('app', async (request) => {
    if (request.method === 'POST' && request.url === 'app://app/works') {
      return Response.json(await updater.confirm(await request.text()));
    }
    return (await handle(request)) ?? new Response('not found', { status: 404 });
  });
  const update = () => updater.update().catch(console.error);
  setInterval(update, 3_600_000);
  update();
  return updater;
}
`,
    },
  ];
}

/** The page of an Electron app says to the main process that the release works. */
export function electronPage({ isTypeScript, hasVite }: Project): NewFile {
  const types = isTypeScript ? ': Promise<void>' : '';
  return {
    path: `${APP_FOLDER}/update.${isTypeScript ? 'ts' : 'js'}`,
    about: 'what the page calls',
    // Without a bundler, the page cannot load a package.
    content: `// ${INIT_MARK}
${hasVite ? "import { waitForFirstScreen } from 'bundleseal/update';\n" : ''}
// A release that throws before its first screen${hasVite ? ', or shows nothing for 30 seconds,' : ''} is not confirmed.
// After three starts the device goes back to the previous release.
let isBroken = false;
for (const type of ['error', 'unhandledrejection']) {
  window.addEventListener(type, () => {
    isBroken = true;
  });
}

/** Says to the main process that this release works. */
export async function keepUpToDate()${types} {
  if (window.location.protocol !== 'app:') return;
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  if (isBroken${hasVite ? ' || !(await waitForFirstScreen())' : ''}) return;
  const { id } = await (await fetch('/bundleseal-release.json')).json();
  await fetch('/works', { method: 'POST', body: id });
}
`,
  };
}

export function capacitorFiles(
  { isTypeScript }: Project,
  { url, channel, appId }: Answers,
): NewFile[] {
  const end = isTypeScript ? 'ts' : 'js';
  return [
    {
      path: `${APP_FOLDER}/updater.${end}`,
      about: 'which updates the app takes',
      content: `// ${INIT_MARK}
import { WebView } from '@capacitor/core';
import { Directory, Filesystem } from '@capacitor/filesystem';
import { capacitorStore, createUpdater } from 'bundleseal/update';
import { publicKeys } from './key${isTypeScript ? '' : '.js'}';

export const releases = capacitorStore({ Filesystem, Directory, WebView });

export const updater = createUpdater({
  store: '${url}',
  channel: '${channel}',
  appId: '${appId}',
  publicKey: publicKeys,
  // The native part. Raise it when a release needs another plugin, and publish such releases with --runtime 2.
  runtime: '1',
  releases,
  builtIn: releases.builtIn,
});
`,
    },
  ];
}

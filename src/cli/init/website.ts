// Makes the files with which a website updates itself: modules for its page and its service worker, and the bundling
// of the worker.

import { SEALED } from '../bundle-formats.ts';
import { deniedWith } from '../config/dev-server.ts';
import type { Answers } from './answers.ts';
import type { Project } from './project.ts';

/** A file that init makes. */
export interface NewFile {
  readonly path: string;
  readonly content: string;
  readonly about: string;
}

/** The folder of the app's modules for updates. */
export const APP_FOLDER = 'src/bundleseal';

/** The config of an app of Vite that has none. */
const SERVER_CONFIG = 'vite.config.mjs';

export const WORKER_CONFIG = 'vite.bundleseal.config.mjs';

/** The first line of the code that init writes. */
export const INIT_MARK = 'Written by "bundleseal init"; it is yours to change.';

const SERVER_CONFIG_TEXT = `// ${INIT_MARK}
import { defineConfig } from 'vite';

export default defineConfig({
  // The dev server gives out every other file of this folder, so it would give out the private key too.
  server: { fs: { deny: ${deniedWith(SEALED.privateKeyFile)} } },
});
`;

export const ABOUT_SERVER = "keeps Vite's dev server from sending the private key";

/** The config for a project of Vite that has none. It keeps the dev server from serving the private key. */
export function serverConfig({ hasVite, viteConfig }: Project): NewFile[] {
  const path = SERVER_CONFIG;
  if (!hasVite || viteConfig !== undefined) return [];
  return [{ path, about: ABOUT_SERVER, content: SERVER_CONFIG_TEXT }];
}

/** The expressions of the app's bundler for the address of the app and for a production build. */
const BUNDLERS: Readonly<
  Record<
    string,
    { readonly worker: string; readonly isDevelopment?: string; readonly imports?: string }
  >
> = {
  vite: {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a template of the app
    worker: '`${import.meta.env.BASE_URL}sw.js`',
    isDevelopment: 'import.meta.env.DEV',
  },
  sveltekit: {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a template of the app
    worker: '`${base}/sw.js`',
    isDevelopment: 'import.meta.env.DEV',
    imports: "import { base } from '$app/paths';\n",
  },
  angular: {
    worker: "new URL('sw.js', document.baseURI)",
    isDevelopment: 'isDevMode()',
    imports: "import { isDevMode } from '@angular/core';\n",
  },
  next: { worker: "'/sw.js'", isDevelopment: "process.env.NODE_ENV === 'development'" },
  cra: { worker: "'/sw.js'", isDevelopment: "process.env.NODE_ENV === 'development'" },
  static: { worker: "'/sw.js'" },
};

/** Makes the modules of a website, and with Vite the config for the worker. */
export function websiteFiles(project: Project, answers: Answers): NewFile[] {
  const { isTypeScript, hasVite } = project;
  const end = isTypeScript ? 'ts' : 'js';
  const at = (name: string) => `${APP_FOLDER}/${name}.${end}`;
  // TypeScript resolves a name without an extension. JavaScript in a browser needs the extension.
  const from = (name: string) => (isTypeScript ? `./${name}` : `./${name}.js`);
  const files: NewFile[] = [
    {
      path: at('updater'),
      about: 'which updates the app takes',
      content: updaterModule(answers, isTypeScript, from),
    },
    {
      path: at('sw'),
      about: 'the service worker',
      content: workerModule(fallbackOf(project, answers), isTypeScript, from),
    },
    {
      path: at('update'),
      about: 'what the page calls to update',
      content: pageModule(answers, isTypeScript, from),
    },
  ];
  if (hasVite) {
    const path = WORKER_CONFIG;
    files.push({
      path,
      about: 'builds the service worker',
      content: workerConfig(answers, at('sw')),
    });
  }
  return files;
}

function updaterModule(
  { url, channel, appId }: Answers,
  isTypeScript: boolean,
  from: (name: string) => string,
): string {
  const [param, type] = isTypeScript ? ['base: string', ', type Updater'] : ['base', ''];
  return `// ${INIT_MARK}
import { cacheStore, createUpdater, fetchBuiltIn${type} } from 'bundleseal/update';
import { publicKeys } from '${from('key')}';

/** The page and the service worker share it. \`base\` is the address of the app. */
export function openUpdater(${param})${isTypeScript ? ': Updater' : ''} {
  return createUpdater({
    store: new URL('${url}', base).href,
    channel: '${channel}',
    appId: '${appId}',
    publicKey: publicKeys,
    releases: cacheStore(),
    builtIn: fetchBuiltIn({ base, isRemote: true }),
  });
}
`;
}

/** The file that answers for routes. If every page is a file, there is none: no page may answer for another one. */
export function fallbackOf(
  { kit, hasPageFiles }: Project,
  { framework }: Answers,
): string | undefined {
  if (framework === 'sveltekit') return kit.fallback;
  const isOfFiles = framework === 'next' || (framework === 'static' && hasPageFiles);
  return isOfFiles ? undefined : 'index.html';
}

function workerModule(
  fallback: string | undefined,
  isTypeScript: boolean,
  from: (name: string) => string,
): string {
  const options = fallback === undefined ? '' : `, { fallback: '${fallback}' }`;
  const [type, worker] = isTypeScript
    ? ['type ServiceWorkerScope, ', 'self as unknown as ServiceWorkerScope']
    : ['', 'self'];
  return `// The service worker, which serves the release that runs. ${INIT_MARK}
import { ${type}serveReleases } from 'bundleseal/update';
import { openUpdater } from '${from('updater')}';

const worker = ${worker};
serveReleases(worker, openUpdater(worker.registration.scope)${options});
`;
}

function pageModule(
  { framework }: Answers,
  isTypeScript: boolean,
  from: (name: string) => string,
): string {
  const { worker, isDevelopment, imports = '' } = BUNDLERS[framework] as (typeof BUNDLERS)[string];
  const types = isTypeScript ? ': Promise<boolean>' : '';
  const skipped = isDevelopment === undefined ? '' : `${isDevelopment} || `;
  const listening = `for (const type of ['error', 'unhandledrejection']) {
  window.addEventListener(type, () => {
    if (isDrawn) return;
    if (!isBroken) setTimeout(() => startAgain().catch(console.error), 500);
    isBroken = true;
  });
}`;
  const listener =
    framework === 'next'
      ? `if (typeof window !== 'undefined') {\n  ${listening.replaceAll('\n', '\n  ')}\n}`
      : listening;
  return `// ${INIT_MARK}
${imports}import { waitForFirstScreen } from 'bundleseal/update';
import { openUpdater } from '${from('updater')}';

// A release that throws before its first screen, or shows nothing for 30 seconds, is not confirmed: frameworks may swallow errors.
// After three starts the device goes back to the previous release. The item counts how often the page has loaded itself again.
const RELOADS = 'bundleseal-reloads';
const FAILED = 'bundleseal-failed';
let isBroken = false;
let isCalled = false;
let isDrawn = false;
${listener}

/** Loads the page again if a new release has failed before the call below, or shows nothing. Each load counts as a start. */
async function startAgain()${isTypeScript ? ': Promise<void>' : ''} {
  if (!navigator.serviceWorker?.controller) return;
  if (isCalled && (await waitForFirstScreen({ timeout: 0 }))) return;
  // The page asks the service worker, because it cannot load code that the bundler has put together with the code that threw.
  const answer = await fetch('bundleseal-release.json', { cache: 'no-store' });
  await answer.text(); // A browser shows a request as failed if nobody reads its body.
  if (!answer.headers.has('bundleseal-trial')) return;
  document.body.textContent = 'This version did not start. Reload the page to try again.';
  const reloads = Number(sessionStorage.getItem(RELOADS));
  if (!navigator.onLine || reloads >= 3) return;
  sessionStorage.setItem(RELOADS, String(reloads + 1));
  window.location.reload();
}

/** Rejects if the browser does not install the worker, because \`ready\` waits for ever then. */
function failureOf(installing${isTypeScript ? ': ServiceWorker | null' : ''})${isTypeScript ? ': Promise<never>' : ''} {
  const text = 'The browser did not install the service worker. Often the web server lacks a file that bundleseal-release.json lists: the console of the worker names it.';
  return new Promise((_, reject) => {
    installing?.addEventListener('statechange', () => {
      if (installing?.state === 'redundant') reject(new Error(text));
    });
  });
}

/** Gives whether a new release waits for a reload of the page. */
export async function keepUpToDate()${types} {
  if (!window.isSecureContext && !isCalled) console.warn('Updates need https or localhost: on this page, the browser runs no service worker.');
  isCalled = true;
  if (${skipped}!('serviceWorker' in navigator)) return false;
  const { installing, scope } = await navigator.serviceWorker.register(${worker});
  await Promise.race([navigator.serviceWorker.ready, failureOf(installing)]);
  const updater = openUpdater(scope);
  const running = await updater.attach();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  isDrawn = true;
  // Replace waitForFirstScreen() if the app can tell better that it works.
  const { trial } = await updater.status();
  if (trial && !(await waitForFirstScreen())) {
    await startAgain();
  } else if (!isBroken) {
    await updater.confirm(running);
    sessionStorage.removeItem(RELOADS);
  } else if (trial) {
    console.warn('This start does not confirm the new release: the page reported an error before its first screen.');
  }
  // Tells of each failed release once in a tab. \`updater.status()\` names them at any time.
  const told = sessionStorage.getItem(FAILED) ?? '';
  const failed = (await updater.status()).blocked.map((release) => release.id);
  for (const id of failed) if (!told.includes(id)) console.warn('A release failed on this device:', id);
  sessionStorage.setItem(FAILED, failed.join(' '));
  const { id, check } = await updater.update();
  if ('error' in check && check.error) console.warn(check.error);
  return id !== undefined;
}
${framework === 'static' ? '\nkeepUpToDate().catch(console.error);\n' : ''}`;
}

function workerConfig({ dir }: Answers, worker: string): string {
  return `// Adds the service worker to the build of the app. ${INIT_MARK}
import { defineConfig } from 'vite';

export default defineConfig({
  // The build of the app has copied these already.
  publicDir: false,
  build: {
    outDir: '${dir}',
    emptyOutDir: false,
    // One classic script: a service worker cannot load a part of itself later.
    lib: { entry: '${worker}', formats: ['iife'], name: 'worker', fileName: () => 'sw.js' },
  },
});
`;
}

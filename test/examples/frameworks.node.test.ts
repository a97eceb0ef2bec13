// Vue, React and Svelte without a router, in the website that `init` has set up: a device leaves a release whose component
// throws, and confirms one that works. `bash .ci/consumers` installs the frameworks and runs it.

import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { closePages, openBrowser } from '../support/browser.ts';
import { ROOT } from '../support/docs.ts';
import {
  type Device,
  expectKept,
  expectLeft,
  expectLeftByVisitor,
  openDevice,
  withDevice,
} from '../support/init-release.ts';
import { buildInitSite, type InitSite } from '../support/init-site.ts';

const TIMEOUT = 300_000;
const { resolve } = createRequire(join(ROOT, 'test/consumers/package.json'));

/** What a component runs before it draws. */
const DIES = "const settings = JSON.parse('{}'); console.log(settings.user.name);";

const vue = (script: string, options = '') => `
  import { createApp, h } from 'vue';
  const app = createApp({ setup() { ${script} return () => h('p', 'version 2'); } });
  ${options}
  app.mount('#root');`;

/** The page shows a header even if its other component throws. */
const vueWithHeader = (script: string) => `
  import { createApp, h } from 'vue';
  const Content = { setup() { ${script} return () => h('p', 'version 2'); } };
  const app = createApp({ render: () => [h('header', 'My shop'), h(Content)] });
  app.config.throwUnhandledErrorInProduction = true;
  app.mount('#root');`;

const react = (script: string) => `
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  const App = () => { ${script} return createElement('p', null, 'version 2'); };
  createRoot(document.querySelector('#root')).render(createElement(App));`;

const reactWithBoundary = (script: string, options: string) => `
  import { Component, createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  class Boundary extends Component {
    state = { isFailed: false };
    static getDerivedStateFromError() { return { isFailed: true }; }
    render() { return this.state.isFailed ? createElement('p', null, 'Sorry') : this.props.children; }
  }
  const App = () => { ${script} return createElement('p', null, 'version 2'); };
  const root = createRoot(document.querySelector('#root'), { ${options} });
  root.render(createElement(Boundary, null, createElement(App)));`;

const mountSvelte = (component: string) => `
  import { mount } from 'svelte';
  import App from ${JSON.stringify(`app:${encodeURIComponent(component)}`)};
  mount(App, { target: document.querySelector('#root') });`;

const svelte = (script: string) => mountSvelte(`<script>${script}</script><p>version 2</p>`);

const svelteWithBoundary = (attribute: string) =>
  mountSvelte(`<svelte:boundary ${attribute}>
    <p>{JSON.parse('{}').user.name}</p>
    {#snippet failed()}<p>Sorry</p>{/snippet}
  </svelte:boundary>`);

/** Compiles components of Svelte, whose code is in their names. */
const COMPONENTS: Plugin = {
  name: 'svelte',
  async setup({ onLoad, onResolve }) {
    const { compile } = await import(pathToFileURL(resolve('svelte/compiler')).href);
    onResolve({ filter: /^app:/ }, ({ path }) => ({ path, namespace: 'app' }));
    onLoad({ filter: /^app:/ }, ({ path }) => {
      const { js } = compile(decodeURIComponent(path.slice('app:'.length)), { dev: false });
      return { contents: js.code, resolveDir: join(ROOT, 'test/consumers') };
    });
  },
};

const builds: string[] = [];
let first: string;
let browser: Browser;
/** Leaves one release after the other. */
let device: Device;

async function built(app: string, options?: InitSite): Promise<string> {
  const build = await buildInitSite(app, { ...options, plugins: [COMPONENTS] });
  builds.push(build);
  return build;
}

beforeAll(async () => {
  first = await built("document.querySelector('#root').textContent = 'version 1';");
  browser = await openBrowser();
  device = await openDevice(browser, first);
}, TIMEOUT);

afterAll(async () => {
  await device?.close();
  await closePages();
  for (const build of builds) rmSync(build, { recursive: true, force: true });
});

describe.each([
  ['Vue', vue],
  [
    'Vue that throws errors of components',
    (script: string) => vue(script, 'app.config.throwUnhandledErrorInProduction = true;'),
  ],
  ['Vue that throws errors of components below a header', vueWithHeader],
  ['React', react],
  ['Svelte', svelte],
])('a release made with %s', { timeout: TIMEOUT }, (_, app) => {
  it('is left after three starts if its component throws', async () => {
    await expectLeft(device, await built(app(DIES), { timeout: 3000 }));
  });

  it('is confirmed if it works', async () => {
    const build = await built(app(''));
    await withDevice(browser, first, (own) => expectKept(own, build));
  });
});

describe.each([
  [
    'React',
    reactWithBoundary(DIES, 'onCaughtError: (error) => reportError(error)'),
    reactWithBoundary(DIES, ''),
  ],
  ['Svelte', svelteWithBoundary('onerror={(error) => reportError(error)}'), svelteWithBoundary('')],
])(
  'a release whose component throws in an error boundary of %s',
  {
    timeout: TIMEOUT,
  },
  (_, reports, hides) => {
    it('is left after three loads if the boundary reports the error', async () => {
      const build = await built(reports);
      await withDevice(browser, first, (own) => expectLeftByVisitor(own, build));
    });

    it('is confirmed if the boundary hides the error', async () => {
      const build = await built(hides);
      await withDevice(browser, first, (own) => expectKept(own, build));
    });
  },
);

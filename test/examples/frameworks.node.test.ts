// Vue, React and Svelte, with and without a router, in the website that `init` has set up: a device leaves a release whose component
// throws, and confirms one that works. `bash .ci/consumers` installs the frameworks and runs it.

import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { stepsForErrors } from '../../src/cli/init/entry-steps.ts';
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

/** The steps that init lists for an app with this first module. */
const stepsFor = (packages: object, text: string): string =>
  stepsForErrors({
    ...{ vue: undefined, hasVueRouter: false, react: undefined, reactBoundary: undefined },
    ...{ hasAngular: false, isTypeScript: false, entry: { path: 'src/main.js', text } },
    ...packages,
  }).join('\n');

/** The lines that init gives for an app with the router of Vue. */
const [, MOUNT_WHEN_READY] =
  /by (router\.isReady.*)\. Otherwise/.exec(
    stepsFor({ vue: '^3.5.0', hasVueRouter: true }, "app.mount('#root')"),
  ) ?? [];

/** The line that init gives for an app with a router of React. */
const [CALL_IN_EFFECT] =
  /useEffect\(.*?\[\]\)/.exec(stepsFor({ react: '^19.0.0', reactBoundary: 'react-router' }, '')) ??
  [];

/** The layout has a header, and the page of the route throws. */
const vueWithRouter = (script: string) => `
  import { createApp, h } from 'vue';
  import { createRouter, createWebHistory, RouterView } from 'vue-router';
  const Home = { setup() { ${script} return () => h('p', 'version 2'); } };
  const routes = [{ path: '/', component: Home }];
  const router = createRouter({ history: createWebHistory(), routes });
  const app = createApp({ render: () => [h('header', 'My shop'), h(RouterView)] });
  app.config.throwUnhandledErrorInProduction = true;
  app.use(router);
  ${MOUNT_WHEN_READY}`;

const reactWithRouter = (script: string, root: string) => `
  import { createElement, useEffect } from 'react';
  import { createRoot } from 'react-dom/client';
  import { BrowserRouter, createBrowserRouter, Outlet, Route, RouterProvider, Routes } from 'react-router';
  const Home = () => { ${script} return createElement('p', null, 'version 2'); };
  const Shop = ({ children }) => { ${CALL_IN_EFFECT}; return createElement('div', null, 'My shop', children); };
  const Layout = () => createElement(Shop, null, createElement(Outlet));
  const options = { onCaughtError: (error) => reportError(error) };
  createRoot(document.querySelector('#root'), options).render(${root});`;

const reactWithDataRouter = (script: string) =>
  reactWithRouter(
    script,
    `createElement(RouterProvider, { router: createBrowserRouter([
      { path: '/', Component: Layout, children: [{ index: true, Component: Home }] },
    ]) })`,
  );

const reactWithBrowserRouter = (script: string) => `
  document.body.prepend('A header');
  ${reactWithRouter(
    script,
    `createElement(BrowserRouter, null, createElement(Shop, null,
      createElement(Routes, null, createElement(Route, { path: '/', element: createElement(Home) }))))`,
  )}`;

/** The code of the guide: the module of the layout, the function that it calls, and the component of a route with an error page. */
const GUIDE = readFileSync(join(ROOT, 'docs/guides/first-update.md'), 'utf8');
const [, LOOK = ''] = /^lookForUpdate\(\);\n(setInterval[\s\S]*?)^```/m.exec(GUIDE) ?? [];
const [, IMPORTS = '', LAYOUT = ''] =
  /^(import \{ useEffect[\s\S]*?)\n(export default function Layout[\s\S]*?)^```/m.exec(GUIDE) ?? [];
const [, HOME = ''] = /^(export default function Home[\s\S]*?)^```/m.exec(GUIDE) ?? [];

/** A module of the guide, or a component without a call if there is no code. */
const ofGuide = (code: string, script = '') =>
  JSON.stringify(
    `guide:${encodeURIComponent(`${IMPORTS}\n${code.replace('  return', `  ${script}\n  return`)}\n${LOOK}`)}`,
  );

interface GuideApp {
  readonly layout: string;
  readonly home: string;
  readonly hasErrorPage: boolean;
}

/** An app with a data router and the modules of the guide. */
const ofGuideWithRouter =
  ({ layout, home, hasErrorPage }: GuideApp) =>
  (script: string) =>
    `
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  import { createBrowserRouter, RouterProvider } from 'react-router';
  import Layout from ${ofGuide(layout)};
  import Home from ${ofGuide(home, script)};
  const options = { onCaughtError: (error) => reportError(error) };
  const errorElement = ${hasErrorPage} ? createElement('p', null, 'Sorry') : undefined;
  const router = createBrowserRouter([
    { path: '/', Component: Layout, children: [{ index: true, Component: Home, errorElement }] },
  ]);
  createRoot(document.querySelector('#root'), options).render(createElement(RouterProvider, { router }));`;

const CALL_IN_GUIDE = /^ {2}useEffect[\s\S]*?\[\]\);\n/m;
const withoutCall = (code: string) => code.replace(CALL_IN_GUIDE, '');

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

/** Compiles modules of the guide, whose code is in their names. */
const MODULES_OF_GUIDE: Plugin = {
  name: 'guide',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^guide:/ }, ({ path, resolveDir }) => ({
      ...{ path, namespace: 'guide', pluginData: resolveDir },
    }));
    onLoad({ filter: /^guide:/, namespace: 'guide' }, ({ path, pluginData }) => ({
      contents: `/** @jsxRuntime automatic */\n${decodeURIComponent(path.slice('guide:'.length))}`,
      loader: 'jsx',
      resolveDir: pluginData,
    }));
  },
};

const builds: string[] = [];
let first: string;
let browser: Browser;
/** Leaves one release after the other. */
let device: Device;

async function built(app: string, options?: InitSite): Promise<string> {
  const build = await buildInitSite(app, { ...options, plugins: [COMPONENTS, MODULES_OF_GUIDE] });
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
  ['the router of Vue', vueWithRouter, true],
  ['createBrowserRouter of React', reactWithDataRouter, true],
  ['BrowserRouter of React', reactWithBrowserRouter, true],
  [
    'React Router and the layout of the guide',
    ofGuideWithRouter({ layout: LAYOUT, home: withoutCall(HOME), hasErrorPage: false }),
    true,
  ],
  [
    'React Router and the route with an error page of the guide',
    ofGuideWithRouter({ layout: withoutCall(LAYOUT), home: HOME, hasErrorPage: true }),
    true,
  ],
])('a release made with %s', { timeout: TIMEOUT }, (_, app, hasCall = false) => {
  it('is left after three starts if its component throws', async () => {
    await expectLeft(device, await built(app(DIES), { timeout: 3000, hasCall }));
  });

  it('is confirmed if it works', async () => {
    const build = await built(app(''), { hasCall });
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

it(
  'a release with an error page is left only after three loads if the layout around that page has the call',
  async () => {
    const app = ofGuideWithRouter({ layout: LAYOUT, home: withoutCall(HOME), hasErrorPage: true });
    const build = await built(app(DIES), { hasCall: true });
    await withDevice(browser, first, (own) => expectLeftByVisitor(own, build));
  },
  TIMEOUT,
);

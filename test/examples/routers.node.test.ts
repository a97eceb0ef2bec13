// The routers of Vue and React with the lines that `init` prints: a device leaves a release whose first route throws, and confirms one that
// works. `bash .ci/consumers` installs the routers and runs it.

import { rmSync } from 'node:fs';
import { transformSync } from 'esbuild';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUTTON } from '../../src/cli/init/button.ts';
import { stepsForEntry } from '../../src/cli/init/entry-steps.ts';
import { closePages, openBrowser } from '../support/browser.ts';
import { blocks } from '../support/docs.ts';
import {
  type Device,
  expectKept,
  expectLeft,
  expectLeftByVisitor,
  openDevice,
  withDevice,
} from '../support/init-release.ts';
import { buildInitSite } from '../support/init-site.ts';

const TIMEOUT = 300_000;

/** What a component or a loader runs. */
const DIES = "const settings = JSON.parse('{}'); console.log(settings.user.name);";
/** The module of a lazy route, which throws when it is loaded. */
const BROKEN_MODULE = `import('data:text/javascript,' + encodeURIComponent("throw new Error('broken')"))`;

/** The steps that init lists for an app with this first module. */
const stepsFor = (packages: object, text: string): string[] =>
  stepsForEntry(
    {
      ...{ vue: undefined, hasVueRouter: false, react: undefined, reactBoundary: undefined },
      ...{ reactRouter: undefined, hasAngular: false, isTypeScript: false },
      ...{ entry: { path: 'src/main.js', text }, relevant: [{ path: 'src/main.js', text }] },
      ...packages,
    },
    { framework: 'vite' },
    false,
  );

/** The lines of code below the first line of a step. */
const codeOf = (step: string | undefined): string => (step ?? '').split('\n').slice(1).join('\n');

const VUE_PACKAGES = { vue: '^3.5.0', hasVueRouter: true };
const REACT_PACKAGES = { react: '^19.0.0', reactBoundary: 'react-router', reactRouter: '^7.18.0' };
const PROVIDER = "import { RouterProvider } from 'react-router/dom'";

/** The only step of init for an app with the router of Vue, in each form of its first module. */
const [AT_ONCE] = stepsFor(VUE_PACKAGES, "createApp(Shop).use(router).mount('#root')");
const [LATER] = stepsFor(
  VUE_PACKAGES,
  "const app = createApp(Shop);\napp.use(router);\napp.mount('#root');",
);

/** The steps of init for an app with a data router of React. */
const [REPORTS, IN_EFFECT] = stepsFor(REACT_PACKAGES, PROVIDER);
const [WITH_ON_ERROR = ''] = /<RouterProvider .*? \/>/.exec(REPORTS ?? '') ?? [];
const [EFFECT] = /useEffect\(.*?\[\]\);/.exec(codeOf(IN_EFFECT)) ?? [];
/** The option of init for other routers of React. */
const [CAUGHT] =
  /\{ onCaughtError: .*? \}(?=\))/.exec(
    stepsFor({ react: '^19.0.0', reactBoundary: '@tanstack/react-router' }, '').join(),
  ) ?? [];
/** The error page in the guide for websites. */
const ERROR_PAGE = blocks.find(
  ({ file, code }) => file === 'docs/guides/pwa.md' && code.includes('useRouteError()'),
)?.code;

/** The layout has a header, and the route may throw. */
const vueApp = (route: string, start: string) => `
  import { createApp, h } from 'vue';
  import { createRouter, createWebHistory, RouterView } from 'vue-router';
  const Home = { setup: () => () => h('p', 'version 2') };
  const Broken = { setup() { ${DIES} } };
  const Shop = { render: () => [h('header', 'My shop'), h(RouterView)] };
  const routes = [{ path: '/', component: ${route} }];
  const router = createRouter({ history: createWebHistory(), routes });
  ${start}`;

const vueAtOnce = (route: string) => vueApp(route, codeOf(AT_ONCE));
const vueLater = (route: string) =>
  vueApp(route, `const app = createApp(Shop);\napp.use(router);\n${codeOf(LATER)}`);

/** In JSX. */
const reactApp = (imports: string, code: string, root: string, options = '{}') => `
  import { createElement, useEffect } from 'react';
  import { createRoot } from 'react-dom/client';
  ${imports}
  ${BUTTON}
  const Home = () => <p>version 2</p>;
  const Broken = () => { ${DIES} };
  const Sorry = () => <p>Sorry</p>;
  const Shop = ({ children }) => { ${EFFECT} return <div>My shop {children}</div>; };
  const Layout = () => <Shop><Outlet /></Shop>;
  ${code}
  createRoot(document.querySelector('#root'), ${options}).render(${root});`;

const react = (route: string) =>
  reactApp(
    "import { createBrowserRouter, Outlet, RouterProvider } from 'react-router';",
    `const children = [{ index: true, ${route} }];
    const router = createBrowserRouter([{ path: '/', Component: Layout, children }]);`,
    WITH_ON_ERROR,
  );

/** The route has an error page, and its component has the call in place of the layout. */
const inRoute = (script: string) =>
  react(
    `Component: () => { ${EFFECT} ${script} return <p>version 2</p>; }, ErrorBoundary: Sorry`,
  ).replace(EFFECT ?? '', '');

const reactWithErrorPage = (name: string, route: string) =>
  reactApp(
    `import { createBrowserRouter, Outlet, RouterProvider, useRouteError } from '${name}';`,
    `${ERROR_PAGE}
    const children = [{ index: true, ${route} }];
    const router = createBrowserRouter([{ path: '/', Component: Layout, ErrorBoundary: ErrorPage, children }]);`,
    '<RouterProvider router={router} />',
  );

const browserRouter = (route: string) => `
  document.body.prepend('A header');
  ${reactApp(
    "import { BrowserRouter, Outlet, Route, Routes } from 'react-router';",
    '',
    `<BrowserRouter><Shop><Routes><Route path="/" element={<${route} />} /></Routes></Shop></BrowserRouter>`,
    CAUGHT,
  )}`;

const tanstack = (route: string) =>
  reactApp(
    "import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, RouterProvider } from '@tanstack/react-router';",
    `const rootRoute = createRootRoute({ component: Layout });
    const home = createRoute({ getParentRoute: () => rootRoute, path: '/', ${route} });
    const router = createRouter({ routeTree: rootRoute.addChildren([home]) });`,
    '<RouterProvider router={router} />',
    CAUGHT,
  );

const builds: string[] = [];
let first: string;
let browser: Browser;
/** Leaves one release after the other. */
let device: Device;

async function built(app: string, hasCall = true): Promise<string> {
  const { code } = transformSync(app, { loader: 'jsx', jsxFactory: 'createElement' });
  const build = await buildInitSite(code, { timeout: 3000, hasCall });
  builds.push(build);
  return build;
}

beforeAll(async () => {
  first = await built("document.querySelector('#root').textContent = 'version 1';", false);
  browser = await openBrowser();
  device = await openDevice(browser, first);
}, TIMEOUT);

afterAll(async () => {
  await device?.close();
  await closePages();
  for (const build of builds) rmSync(build, { recursive: true, force: true });
});

it('init prints one block for the router of Vue, and two steps for a data router of React', () => {
  for (const text of ["createApp(Shop).use(router).mount('#root')", "app.mount('#root')"]) {
    expect(stepsFor(VUE_PACKAGES, text)).toHaveLength(1);
  }
  expect(stepsFor(REACT_PACKAGES, PROVIDER)).toHaveLength(2);
});

const LOADER = `loader: () => { ${DIES} }, Component: Home`;
const LAZY = `lazy: () => ${BROKEN_MODULE}`;
const COMPONENT = 'Component: Broken';

describe('a release whose first route throws is left after three starts', {
  timeout: TIMEOUT,
}, () => {
  it.each([
    ['a component of the router of Vue', vueAtOnce('Broken')],
    ['a component of the router of Vue in an app with a name', vueLater('Broken')],
    ['a lazy module of the router of Vue', vueAtOnce(`() => ${BROKEN_MODULE}`)],
    ['a component of React Router', react(COMPONENT)],
    ['a loader of React Router', react(LOADER)],
    ['an asynchronous loader of React Router', react(LOADER.replace('()', 'async ()'))],
    ['a lazy module of React Router', react(LAZY)],
    ['a loader below an error page of React Router', reactWithErrorPage('react-router', LOADER)],
    [
      'a loader below an error page of React Router 6',
      reactWithErrorPage('react-router-dom-6', LOADER),
    ],
    [
      'a lazy module below an error page of React Router 6',
      reactWithErrorPage('react-router-dom-6', LAZY),
    ],
    ['a component of React Router with the call and an error page', inRoute(DIES)],
    ['a component in BrowserRouter', browserRouter('Broken')],
    ['a component of TanStack Router', tanstack('component: Broken')],
    ['a loader of TanStack Router', tanstack(`loader: () => { ${DIES} }, component: Home`)],
    [
      'a lazy module of TanStack Router',
      tanstack(`component: lazyRouteComponent(() => ${BROKEN_MODULE})`),
    ],
  ])('%s', async (_, app) => {
    await expectLeft(device, await built(app));
  });
});

describe('a release whose first route has an error page of its own is left after three loads', {
  timeout: TIMEOUT,
}, () => {
  it.each([
    ['a loader of React Router', react(`${LOADER}, ErrorBoundary: Sorry`)],
    [
      'a loader of TanStack Router',
      tanstack(`loader: () => { ${DIES} }, component: Home, errorComponent: Sorry`),
    ],
  ])('%s', async (_, app) => {
    const build = await built(app);
    await withDevice(browser, first, (own) => expectLeftByVisitor(own, build));
  });
});

describe('a release that works is confirmed', { timeout: TIMEOUT }, () => {
  it.each([
    ['the router of Vue', vueAtOnce('Home')],
    ['the router of Vue in an app with a name', vueLater('Home')],
    ['a lazy route of the router of Vue', vueAtOnce('() => Promise.resolve(Home)')],
    ['React Router', react('Component: Home')],
    ['React Router 6', reactWithErrorPage('react-router-dom-6', 'Component: Home')],
    ['React Router with the call in a route with an error page', inRoute('')],
    ['BrowserRouter', browserRouter('Home')],
    ['TanStack Router', tanstack('component: Home')],
  ])('%s', async (_, app) => {
    const build = await built(app);
    await withDevice(browser, first, (own) => expectKept(own, build));
  });
});

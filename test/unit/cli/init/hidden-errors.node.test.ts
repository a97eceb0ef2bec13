// The lines for a framework that init tells the user to add, most of them to show errors of components.

import { describe, expect, it } from 'vitest';
import { BUTTON } from '../../../../src/cli/init/button.ts';
import { useCli } from '../../../support/cli.ts';
import { APPS, type App } from '../../../support/init-apps.ts';
import { read, VITE, withApp } from '../../../support/init-project.ts';

useCli();

describe('init in an app made with Vue', () => {
  const MOUNT = "import App from './App.vue'\n\ncreateApp(App).mount('#app')\n";
  const THROWS = 'app.config.throwUnhandledErrorInProduction = true;';
  const REPORTS = 'app.config.errorHandler = (error) => reportError(error);';
  const LINES = "app.mount('#app');\nlookForUpdate();\n";
  const REPLACE = 'and the call after it by the lines below. Otherwise Vue hides';

  /** The step about errors of components that init leaves to the user. */
  async function stepFor(version: string, entry: string): Promise<string | undefined> {
    const { next } = await planOf({ vue: version }, entry);
    return next.find((one) => one.includes('Vue hides'));
  }

  it.each([
    ['^3.5.13', THROWS],
    ['latest', THROWS],
    ['~3.4.0', REPORTS],
  ])('lists one block that shows errors of components for version %s', async (version, option) => {
    const { next } = await planOf({ vue: version }, MOUNT);
    const steps = next.filter((one) => one.startsWith('src/main.js: '));
    const [first = '', ...code] = (steps[0] as string).split('\n');
    expect(steps).toHaveLength(1);
    expect(first).toContain(`src/main.js: replace createApp(App).mount('#app') ${REPLACE}`);
    expect(code.join('\n')).toBe(`const app = createApp(App);\n${option}\n${LINES}${BUTTON}`);
  });

  it('lists the line for version 2 apart from the button', async () => {
    const { next } = await planOf({ vue: '2.7.16' }, MOUNT);
    const [line, button] = next.filter((one) => one.startsWith('src/main.js: '));
    expect(line).toMatch(
      /^src\/main\.js: add the line Vue\.config\.errorHandler = \(error\) => reportError\(error\)\. /,
    );
    expect(button).toContain(BUTTON);
  });

  it.each([
    // The template of create-vue with a store.
    [
      "const app = createApp(App)\n\napp.use(pinia)\n\napp.mount('#app')\n",
      "app.mount('#app')",
      `${THROWS}\n${LINES}`,
    ],
    [
      "const shop: App<Element> = createApp(App)\nshop.mount('#shop')\n",
      "shop.mount('#shop')",
      `${THROWS}\n${LINES}`.replaceAll('app', 'shop'),
    ],
    [
      "createApp(App)\n  .use(pinia)\n  .mount('#app')\n",
      "createApp(App).use(pinia).mount('#app')",
      `const app = createApp(App);\n${THROWS}\napp.use(pinia);\n${LINES}`,
    ],
  ])('lists the block in the form that fits the mount %j', async (mount, replaced, code) => {
    const step = await stepFor('^3.5.13', `import App from './App.vue'\n\n${mount}`);
    expect(step).toContain(`src/main.js: replace ${replaced} ${REPLACE}`);
    expect(step?.slice(step.indexOf('\n') + 1)).toBe(code + BUTTON);
  });

  it.each(['throwUnhandledErrorInProduction = true', 'errorHandler = report'])(
    'lists no such step if the entry sets %s',
    async (line) => {
      const app = 'const app = createApp(App);';
      const done = `import App from './App.vue'\n\n${app}\napp.config.${line}\napp.mount('#app')\n`;
      expect(await stepFor('^3.5.13', done)).toBeUndefined();
      // The old call stays beside the new lines, so the app is mounted twice.
      expect(await stepFor('^3.5.13', `${done}createApp(App).mount('#app')\n`)).toBeDefined();
    },
  );
});

describe('init in an app with the router of Vue', () => {
  /** The step that mounts the app when the router is ready. */
  async function stepFor(packages: object, entry: string): Promise<string | undefined> {
    return findStep(packages, `import router from './router'\n\n${entry}`, '.isReady()');
  }

  it.each([
    ["const app = createApp(App)\n\napp.use(router)\n\napp.mount('#app')\n", 'app', "'#app'"],
    ["const shop = createApp(App)\nshop.use(router)\nshop.mount('#shop')\n", 'shop', "'#shop'"],
    ["createApp(App).use(router).mount('#app')\n", 'app', "'#app'"],
  ])('lists the lines for the entry %j', async (entry, app, root) => {
    const step = await stepFor({ vue: '^3.5.42', 'vue-router': '^5.3.1' }, entry);
    expect(step).toContain('Otherwise Vue hides the error of a component');
    expect(step).toContain('Otherwise the call comes before the first route is drawn');
    expect(step).toContain(
      `\nrouter.isReady().then(() => {\n  ${app}.mount(${root});\n  lookForUpdate();\n});\n${BUTTON}`,
    );
  });

  it('lists them although the code of the button has a variable of the same name', async () => {
    const named = "import { keepUpToDate } from './bundleseal/update.js'\n";
    const entry = `${named}createApp(App).use(router).mount('#app')\n\nlookForUpdate()\n${BUTTON}\n`;
    const step = await stepFor({ vue: '^3.5.42', 'vue-router': '^5.3.1' }, entry);
    expect(step).toContain('router.isReady()');
    // The entry has the code already.
    expect(step).not.toContain(BUTTON);
  });

  it('lists nothing when its lines have replaced those of the entry', async () => {
    const packages = { vue: '^3.5.42', 'vue-router': '^5.3.1' };
    const head =
      "import { keepUpToDate } from './bundleseal/update.js'\nimport router from './router'\n";
    const step = await stepFor(packages, "createApp(App).use(router).mount('#app')\n");
    const code = step?.slice(step.indexOf('\n') + 1);
    const { next, changes } = await planOf(packages, `${head}\n${code}\n`);
    expect(next.filter((one) => one.startsWith('src/main.js'))).toEqual([]);
    expect(changes.filter(({ path }) => path === 'src/main.js')).toEqual([]);
  });

  it.each([
    ['there is no router', { vue: '^3.5.0' }, "createApp(App).mount('#app')\n"],
    [
      'the app is mounted when the router is ready',
      { vue: '^3.5.0', 'vue-router': '^5.0.0' },
      "const app = createApp(App)\napp.config.errorHandler = report\nrouter.isReady().then(() => app.mount('#app'))\n",
    ],
    [
      'mount throws no error of a component',
      { vue: '^3.4.0', 'vue-router': '^4.0.0' },
      "createApp(App).use(router).mount('#app')\n",
    ],
  ])('lists no such step if %s', async (_, packages, entry) => {
    expect(await stepFor(packages, entry)).toBeUndefined();
  });
});

describe('init in an app with a router of React', () => {
  const PACKAGES = { react: '^19.0.0', 'react-router': '^7.0.0' };
  const CALL = 'keepUpToDate().catch(console.error)';
  const RENDER = "import { App } from './App.js'\n\ncreateRoot(root).render(App)\n";
  const MOVED = `import './bundleseal/update.js'\n${RENDER}`;
  const EFFECT = (code: string) => `useEffect(() => { ${code} }, []);\n`;
  const LAYOUT = "import { keepUpToDate } from './bundleseal/update.js'\n";
  const stepFor = (packages: object, entry: string, files = {}) =>
    findStep(packages, entry, 'useEffect', files);

  it('lists the call in an effect and the button for the root route, also for React 18', async () => {
    const start = `src/main.js: delete the call ${CALL}, and shorten the import to import './bundleseal/update.js'. Then add the lines below to the module with the component of the root route or, if routes below it have an errorElement, of each of these routes instead. `;
    for (const react of ['^19.1.0', '^18.3.1']) {
      const { next } = await planOf({ ...PACKAGES, react }, RENDER);
      const step = next.find((one) => one.includes('useEffect'));
      expect(step?.slice(0, start.length)).toBe(start);
      expect(step).toContain(`\n${EFFECT('lookForUpdate();')}`);
      expect(step).toContain(BUTTON);
      expect(next.filter((one) => one.includes('show a button'))).toEqual([]);
    }
    expect(await stepFor({ react: '^19.0.0' }, RENDER)).toBeUndefined();
  });

  it.each([CALL, 'lookForUpdate()'])(
    'lists it until the last line %s is gone, and another module has the call',
    async (call) => {
      const named = `import { keepUpToDate } from './bundleseal/update.js'\n${RENDER}`;
      expect(await stepFor(PACKAGES, `${named}\n${call}\n`)).toBeDefined();
      // The last line that init would add is not there: `findStep` expects that the entry stays as it is.
      expect(await stepFor(PACKAGES, MOVED)).toContain('src/main.js: add the lines below');
      const files = { 'src/Layout.jsx': `${LAYOUT}${EFFECT(CALL)}` };
      expect(await stepFor(PACKAGES, MOVED, files)).toBeUndefined();
    },
  );

  it.each([
    [EFFECT(CALL), true],
    [`useEffect(() => {\n  ${CALL}\n}, [])\n`, true],
    [`${EFFECT('lookForUpdate();')}${BUTTON}`, false],
    ['useEffect(() => { keepUpToDate().then(setReady) }, [])\n', false],
  ])('lists the button in the module with the call %j: %s', async (code, isListed) => {
    const { next } = await planOf(PACKAGES, MOVED, { 'src/Layout.jsx': LAYOUT + code });
    const [step] = next.filter((one) => one.includes('show a button'));
    expect(step?.startsWith('src/Layout.jsx: show a button') ?? false).toBe(isListed);
  });
});

describe('init in an app with a data router of React', () => {
  const IMPORT = "import { RouterProvider } from 'react-router/dom'\n\n";
  const RENDER = `${IMPORT}createRoot(root).render(<RouterProvider router={router} />)\n`;
  const LINE = '<RouterProvider router={router} onError={(error) => reportError(error)} />';
  const stepsFor = async (packages: object, entry: string, files = {}) => {
    const { next } = await planOf({ react: '^19.0.0', ...packages }, entry, files);
    return next.filter((one) => /RouterProvider|onCaughtError|ErrorBoundary/.test(one));
  };

  it.each(['^7.18.0', 'latest', '8.1.0'])(
    'lists the line that reports errors of loaders for version %s',
    async (version) => {
      const steps = await stepsFor({ 'react-router': version }, RENDER);
      expect(steps).toHaveLength(1);
      expect(steps[0]).toContain(`src/main.js: ${LINE}. Otherwise the router hides the error`);
    },
  );

  it('names the module with the component, and the version that has the property', async () => {
    const app = { 'src/App.jsx': RENDER.replace('/dom', '-dom') };
    const entry = "import App from './App.jsx'\n\ncreateRoot(root).render(App)\n";
    const [step] = await stepsFor({ 'react-router-dom': '^7.9.0' }, entry, app);
    expect(step).toContain(`src/App.jsx: ${LINE}. It needs react-router 7.15.1 or later`);
    const [old] = await stepsFor({ 'react-router-dom': '^6.30.0' }, entry, app);
    expect(old).toContain('src/App.jsx: let the ErrorBoundary of the root route report errors');
  });

  it('also lists the option of React if another package has a boundary', async () => {
    const packages = { 'react-router': '^7.18.0', 'react-error-boundary': '^6.0.0' };
    expect(await stepsFor(packages, RENDER)).toHaveLength(2);
  });

  it.each([
    [
      'the component has the property',
      { 'react-router': '^7.18.0' },
      RENDER.replace(' />', ' onError={reportError} />'),
      {},
    ],
    [
      'an error page reports errors',
      { 'react-router': '^6.30.0' },
      RENDER,
      { 'src/Page.jsx': 'const error = useRouteError();\nreportError(error);' },
    ],
  ])('lists no such line if %s', async (_, packages, entry, files) => {
    expect(await stepsFor(packages, entry, files)).toEqual([]);
  });

  it('lists the option of React for the component of TanStack Router', async () => {
    const entry = RENDER.replace('react-router/dom', '@tanstack/react-router');
    const steps = await stepsFor({ '@tanstack/react-router': '^1.170.0' }, entry);
    expect(steps).toHaveLength(1);
    expect(steps[0]).toContain('onCaughtError');
  });
});

/** What `init` would do in an app with these packages and this entry. */
async function planOf(packages: object, entry: string, files: Files = {}): Promise<Plan> {
  let plan: Plan | undefined;
  await withApp(VITE, async (project) => {
    const content = JSON.parse(read(project, 'package.json'));
    const dependencies = { ...content.dependencies, ...packages };
    await project.write('package.json', JSON.stringify({ ...content, dependencies }));
    await project.write('src/main.js', entry);
    for (const [path, text] of Object.entries(files)) await project.write(path, text);
    plan = (await project.json(['init', '--yes', '--dry-run'])) as unknown as Plan;
  });
  return plan as Plan;
}

/** Texts of files by their paths. */
type Files = Readonly<Record<string, string>>;

interface Plan {
  readonly next: readonly string[];
  readonly changes: readonly { readonly path: string }[];
}

/** The step that contains a text. Expects that `init` leaves an entry with the module of the call as it is. */
async function findStep(
  packages: object,
  entry: string,
  text: string,
  files: Files = {},
): Promise<string | undefined> {
  const { next, changes } = await planOf(packages, entry, files);
  const isEdited = changes.some(({ path }) => path === 'src/main.js');
  expect(isEdited).toBe(!entry.includes('bundleseal/update'));
  return next.find((one) => one.includes(text));
}

describe('init in an app made with Angular', () => {
  const stepFor = async (entry: string): Promise<string | undefined> => {
    let step: string | undefined;
    await withApp(APPS['angular'] as App, async (project) => {
      await project.write('src/main.ts', `import { App } from './app/app';\n\n${entry}`);
      const { next } = await project.json(['init', '--yes', '--dry-run']);
      step = (next as string[]).find((one) => one.includes('Angular hides'));
    });
    return step;
  };

  it.each(['bootstrapApplication(App, appConfig)', 'bootstrapModule(AppModule)'])(
    'lists the line that reports errors of components until it is there: %s',
    async (call) => {
      const fixed = `${call}.then(keepUpToDate).catch(reportError)`;
      const step = await stepFor(`${call}\n  .catch((err) => console.error(err));\n`);
      expect(step?.startsWith(`src/main.ts: ${fixed}, in place of the last lines. `)).toBe(true);
      expect(await stepFor(`${fixed};\n`)).toBeUndefined();
    },
  );
});

describe('init in an app made with Next.js', () => {
  it.each([
    ["export default { output: 'export' };", false],
    ['export default {};', true],
  ])('with the config %j, asks for the export: %s', async (config, isAsked) => {
    await withApp(APPS['next'] as App, async (project) => {
      await project.write('next.config.mjs', config);
      const { next } = await project.json(['init', '--yes', '--dry-run']);
      expect((next as string[]).some((one) => one.includes("output: 'export'"))).toBe(isAsked);
    });
  });
});

describe('init in an app made with React', () => {
  const STEP =
    'src/main.js: createRoot(element, { onCaughtError: (error) => reportError(error) }). ';
  const RENDER = "import { App } from './App.js'\n\ncreateRoot(root).render(App)\n";

  /** The step about errors in an error boundary that init leaves to the user. */
  const stepFor = (packages: object, entry: string) => findStep(packages, entry, 'error boundary');

  it.each(['react-router', 'react-router-dom', '@tanstack/react-router', 'react-error-boundary'])(
    'lists the option that reports errors of the boundary of %s',
    async (name) => {
      for (const react of ['^19.1.0', 'latest']) {
        const step = await stepFor({ react, [name]: '^7.0.0' }, RENDER);
        expect(step?.slice(0, STEP.length)).toBe(STEP);
        expect(step).toContain(`such as that of ${name}, hides the error`);
      }
    },
  );

  it.each([
    ['no package has a boundary', { react: '^19.0.0' }, RENDER],
    ['React has no such option', { react: '^18.3.1', 'react-router': '^7.0.0' }, RENDER],
    [
      'the entry has the option',
      { react: '^19.0.0', 'react-router': '^7.0.0' },
      RENDER.replace('root)', 'root, { onCaughtError: reportError })'),
    ],
  ])('lists no such step if %s', async (_, packages, entry) => {
    expect(await stepFor(packages, entry)).toBeUndefined();
  });
});

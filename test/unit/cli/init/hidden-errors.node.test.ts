// The lines for a framework that init tells the user to add, most of them to show errors of components.

import { describe, expect, it } from 'vitest';
import { useCli } from '../../../support/cli.ts';
import { APPS, type App } from '../../../support/init-apps.ts';
import { read, VITE, withApp } from '../../../support/init-project.ts';

useCli();

describe('init in an app made with Vue', () => {
  const MOUNT = "import App from './App.vue'\n\ncreateApp(App).mount('#app')\n";
  const THROWS = "app.config.throwUnhandledErrorInProduction = true; app.mount('#app')";
  const REPLACE = "replace createApp(App).mount('#app') by";
  const REPORTS = "app.config.errorHandler = (error) => reportError(error); app.mount('#app')";

  /** The step about errors of components that init leaves to the user. */
  async function stepFor(version: string, entry: string): Promise<string | undefined> {
    const { next } = await planOf({ vue: version }, entry);
    return next.find((one) => one.includes('Vue hides'));
  }

  it.each([
    ['^3.5.13', `src/main.js: ${REPLACE} const app = createApp(App); ${THROWS}. `],
    ['latest', `src/main.js: ${REPLACE} const app = createApp(App); ${THROWS}. `],
    ['~3.4.0', `src/main.js: ${REPLACE} const app = createApp(App); ${REPORTS}. `],
    [
      '2.7.16',
      'src/main.js: add the line Vue.config.errorHandler = (error) => reportError(error). ',
    ],
  ])('lists the line that shows errors of components for version %s', async (version, start) => {
    expect((await stepFor(version, MOUNT))?.slice(0, start.length)).toBe(start);
  });

  it.each([
    // The template of create-vue with a router.
    [
      "const app = createApp(App)\n\napp.use(router)\n\napp.mount('#app')\n",
      'put the line app.config.throwUnhandledErrorInProduction = true before app.mount. ',
    ],
    [
      "const shop: App<Element> = createApp(App)\nshop.mount('#app')\n",
      'put the line shop.config.throwUnhandledErrorInProduction = true before shop.mount. ',
    ],
    [
      "createApp(App)\n  .use(router)\n  .mount('#app')\n",
      "replace createApp(App).use(router).mount('#app') by const app = createApp(App); app.config.throwUnhandledErrorInProduction = true; app.use(router); app.mount('#app'). ",
    ],
  ])('lists the line in the form that fits the mount %j', async (mount, step) => {
    const start = `src/main.js: ${step}`;
    const entry = `import App from './App.vue'\n\n${mount}`;
    expect((await stepFor('^3.5.13', entry))?.slice(0, start.length)).toBe(start);
    expect(await stepFor('^3.4.0', entry)).toContain('.config.errorHandler = (error)');
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
  const OLD = 'keepUpToDate().catch(console.error)';

  /** The step that mounts the app when the router is ready. */
  async function stepFor(packages: object, entry: string): Promise<string | undefined> {
    return findStep(packages, `import router from './router'\n\n${entry}`, 'isReady');
  }

  it.each([
    ["const app = createApp(App)\n\napp.use(router)\n\napp.mount('#app')\n", 'app', "'#app'"],
    ["const shop = createApp(App)\nshop.use(router)\nshop.mount('#shop')\n", 'shop', "'#shop'"],
    ["createApp(App).use(router).mount('#app')\n", 'app', "'#app'"],
  ])('lists the lines for the entry %j', async (entry, app, root) => {
    const mount = `${app}.mount(${root})`;
    const step = await stepFor({ vue: '^3.5.42', 'vue-router': '^5.3.1' }, entry);
    const start = `src/main.js: replace ${mount} and ${OLD} by router.isReady().then(() => { ${mount}; ${OLD} }). `;
    expect(step?.slice(0, start.length)).toBe(start);
  });

  it.each([
    ['there is no router', { vue: '^3.5.0' }, "createApp(App).mount('#app')\n"],
    [
      'the app is mounted when the router is ready',
      { vue: '^3.5.0', 'vue-router': '^5.0.0' },
      "router.isReady().then(() => app.mount('#app'))\n",
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
  const stepFor = (packages: object, entry: string) => findStep(packages, entry, 'useEffect');

  it('lists the call in an effect, also for React 18', async () => {
    const start = `src/main.js: delete the call ${CALL}, and shorten the import to import './bundleseal/update.js'. `;
    for (const react of ['^19.1.0', '^18.3.1']) {
      const step = await stepFor({ ...PACKAGES, react }, RENDER);
      expect(step?.slice(0, start.length)).toBe(start);
      expect(step).toContain(
        `in the component of the root route or, if routes below it have an errorElement, of each of these routes instead: useEffect(() => { ${CALL} }, []). `,
      );
    }
    expect(await stepFor({ react: '^19.0.0' }, RENDER)).toBeUndefined();
  });

  it.each([CALL, 'lookForUpdate()'])(
    'lists it until the last line %s is gone, and then leaves the entry as it is',
    async (call) => {
      const named = `import { keepUpToDate } from './bundleseal/update.js'\n${RENDER}`;
      expect(await stepFor(PACKAGES, `${named}\n${call}\n`)).toBeDefined();
      const moved = `import './bundleseal/update.js'\n${RENDER}`;
      // The last line that init would add is not there: `findStep` expects that the entry stays as it is.
      expect(await stepFor(PACKAGES, moved)).toBeUndefined();
    },
  );
});

/** What `init` would do in an app with these packages and this entry. */
async function planOf(packages: object, entry: string): Promise<Plan> {
  let plan: Plan | undefined;
  await withApp(VITE, async (project) => {
    const content = JSON.parse(read(project, 'package.json'));
    const dependencies = { ...content.dependencies, ...packages };
    await project.write('package.json', JSON.stringify({ ...content, dependencies }));
    await project.write('src/main.js', entry);
    plan = (await project.json(['init', '--yes', '--dry-run'])) as unknown as Plan;
  });
  return plan as Plan;
}

interface Plan {
  readonly next: readonly string[];
  readonly changes: readonly { readonly path: string }[];
}

/** The step that contains a text. Expects that `init` leaves an entry with the module of the call as it is. */
async function findStep(
  packages: object,
  entry: string,
  text: string,
): Promise<string | undefined> {
  const { next, changes } = await planOf(packages, entry);
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

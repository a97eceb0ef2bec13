// The steps for the first module of the app that init leaves to the user: its framework has to report errors, the call has to come
// when the first screen is drawn, and the page has to show that an update is ready.

import type { Answers } from './answers.ts';
import { BUTTON, type Source, useOfResult } from './button.ts';
import { importsUpdate, NAME, specifierFrom } from './entry-module.ts';
import type { Project } from './project.ts';
import { APP_FOLDER } from './website.ts';

type App = Pick<
  Project,
  | 'vue'
  | 'hasVueRouter'
  | 'react'
  | 'reactBoundary'
  | 'reactRouter'
  | 'hasAngular'
  | 'entry'
  | 'isTypeScript'
  | 'relevant'
>;

/** The call that init writes, as a statement. */
const CALL = `${NAME}().catch(console.error)`;

/** The call that shows the button, after which the button has its code. */
const LOOK = 'lookForUpdate();';

/**
 * Returns the steps without which a release counts as working although a component of its first screen throws, or the page of such a
 * release does not load itself again, or no page says that an update is ready. Leaves out those that the modules show to be done. A step
 * may have lines of code below its first line.
 *
 * @param isNative - Whether the app has no call in its first module, and no button.
 */
export function stepsForEntry(
  app: App,
  { framework }: Pick<Answers, 'framework'>,
  isNative: boolean,
): string[] {
  const { entry } = app;
  const isMissing = !isNative && !hasButton(app);
  const text = entry?.text;
  const at = entry?.path;
  const vue = text === undefined ? undefined : stepForVue(app, text, isMissing, isNative);
  const react = text === undefined || isNative ? undefined : stepForReactRoute(app, text);
  const steps =
    text === undefined
      ? []
      : [vue, stepForReact(app, text), react, stepForAngular(app, text)]
          .filter((step) => step !== undefined)
          .map((step) => `${at}: ${step}`);
  const isShown = [vue, react].some((step) => step?.includes(BUTTON));
  return [
    ...stepForReactRouter(app),
    ...steps,
    ...(isMissing && !isShown ? [stepForButton(app, framework)] : []),
  ];
}

/**
 * One block for the end of the module. The router draws its first route after `mount` has returned, unless the app is mounted after the
 * router is ready. Before Vue 3.5, `mount` does not throw the error of a component, so that would not help.
 */
function stepForVue(
  { vue, hasVueRouter }: App,
  text: string,
  isMissing: boolean,
  isNative: boolean,
): string | undefined {
  if (vue === undefined) return undefined;
  // With the old call beside the new lines, the app would be mounted twice.
  const atOnce = MOUNTED_AT_ONCE.exec(text);
  const hidesErrors =
    atOnce !== null || !/\b(throwUnhandledErrorInProduction|errorHandler)\b/.test(text);
  const isTooEarly = !isNative && hasVueRouter && !isOlder(vue) && !/\.isReady\(/.test(text);
  if (!hidesErrors && !isTooEarly) return undefined;
  const [major] = versionIn(vue, NEWEST_VUE);
  if (major === 2) {
    return `add the line Vue.config.errorHandler = (error) => reportError(error). ${VUE_HIDES}`;
  }
  const name = nameOfApp(text);
  const option = isOlder(vue)
    ? `${name}.config.errorHandler = (error) => reportError(error);`
    : `${name}.config.throwUnhandledErrorInProduction = true;`;
  const [, root = "'#app'"] = /\.mount\(([^()]*)\)/.exec(text) ?? [];
  const [, router = 'router'] = /\.use\((\w*router\w*)\)/i.exec(text) ?? [];
  const [create, calls = ''] = (atOnce ?? [])
    .slice(1)
    .map((part) => part.replace(/\s+(?=\.)/g, ''));
  const mount = `${name}.mount(${root});`;
  const uses = calls.match(/\.\w+\([^()]*\)/g)?.slice(0, -1) ?? [];
  const lines = [
    ...(create === undefined ? [] : [`const ${name} = ${create};`]),
    ...(hidesErrors ? [option] : []),
    ...uses.map((use) => `${name}${use};`),
    ...(isTooEarly
      ? [`${router}.isReady().then(() => {`, `  ${mount}`, `  ${LOOK}`, '});']
      : [mount, ...(isNative ? [] : [LOOK])]),
    ...(isMissing ? [BUTTON] : []),
  ];
  const replaced = create === undefined ? mount.slice(0, -1) : `${create}${calls}`;
  const reasons = [...(hidesErrors ? [VUE_HIDES] : []), ...(isTooEarly ? [TOO_EARLY] : [])];
  return `replace ${replaced}${isNative ? '' : ' and the call after it'} by the lines below. ${reasons.join('. ')}\n${lines.join('\n')}`;
}

const VUE_HIDES =
  'Otherwise Vue hides the error of a component, and a broken release that shows something else counts as working';

const NEWEST_VUE = [3, 5] as const;

/** Whether a range begins with a version before 3.5, which has no option to throw errors of components. */
function isOlder(vue: string): boolean {
  const [major, minor] = versionIn(vue, NEWEST_VUE);
  return major < 3 || (major === 3 && minor < 5);
}

/** `createApp(App).use(router).mount('#app')`, in two parts: the app, and the calls of its methods. */
const MOUNTED_AT_ONCE = /\b(createApp\([^()]*\))((?:\s*\.\w+\([^()]*\))*?\s*\.mount\([^()]*\))/;

/** `const app = createApp(App)`, whose app gets its name. */
const NAMED_APP = /\b(?:const|let|var)\s+(\w+)[^=;\n]*=\s*createApp\(/;

function nameOfApp(text: string): string {
  if (MOUNTED_AT_ONCE.test(text)) return 'app';
  return NAMED_APP.exec(text)?.[1] ?? 'app';
}

const TOO_EARLY =
  'Otherwise the call comes before the first route is drawn, and the page of a broken release does not load itself again';

/** React before version 19 has no such option. The router of React reports errors of components by itself, as {@link stepForReactRouter} says. */
function stepForReact(app: App, text: string): string | undefined {
  const { react, reactBoundary } = app;
  if (react === undefined || reactBoundary === undefined) return undefined;
  if (versionIn(react, [19, 0])[0] < 19 || /\bonCaughtError\b/.test(text)) return undefined;
  if (/^react-router\b/.test(reactBoundary) && providerOf(app) !== undefined) return undefined;
  return `createRoot(element, { onCaughtError: (error) => reportError(error) }). Otherwise an error boundary, such as that of ${reactBoundary}, hides the error of a component, and a broken release counts as working`;
}

/** The module that draws the routes of a data router of React Router. TanStack Router has a component of the same name. */
const providerOf = ({ relevant }: App): Source | undefined =>
  relevant.find(
    ({ text }) => /\bRouterProvider\b/.test(text) && /['"]react-router(-dom|\/dom)?['"]/.test(text),
  );

/** The router draws an error page in place of a route whose loader or lazy module throws, so React catches nothing. */
function stepForReactRouter(app: App): string[] {
  const provider = providerOf(app);
  if (app.reactRouter === undefined || provider === undefined) return [];
  const isReported = app.relevant.some(
    ({ text }) => /\buseRouteError\b/.test(text) && /\breportError\b/.test(text),
  );
  if (isReported || /onError\b/.test(provider.text)) return [];
  const [major, minor] = versionIn(app.reactRouter, NEWEST_ROUTER);
  const update =
    major === 7 && minor <= 15
      ? ' It needs react-router 7.15.1 or later: update an older one.'
      : '';
  const reason =
    'Otherwise the router hides the error of a loader or of a lazy route, and the page of a broken release does not load itself again';
  return major < 7
    ? [
        `${provider.path}: let the ErrorBoundary of the root route report errors, as docs/guides/pwa.md in node_modules/bundleseal shows for React Router 6. ${reason}`,
      ]
    : [`${provider.path}: ${PROVIDER}.${update} ${reason}`];
}

const NEWEST_ROUTER = [8, 0] as const;

const PROVIDER = '<RouterProvider router={router} onError={(error) => reportError(error)} />';

/** React draws after the last line of the entry. In place of a component that throws, an error boundary draws something else. */
function stepForReactRoute(app: App, text: string): string | undefined {
  const { react, reactBoundary, entry, isTypeScript, relevant } = app;
  if (react === undefined || reactBoundary === undefined) return undefined;
  const isMoved = isCallMoved(text);
  if (isMoved && relevant.some((module) => useOfResult(module.text) !== 'none')) return undefined;
  const specifier = specifierFrom(entry?.path ?? '', isTypeScript);
  const shown = hasButton(app) ? ' with the code of the button' : '';
  const removal = `delete the call ${shown === '' ? CALL : 'of lookForUpdate()'}${shown}, and shorten the import to import '${specifier}'. Then add`;
  const lines = [
    "import { useEffect } from 'react';",
    `import { ${NAME} } from '${specifier}'; // as seen from that module`,
    '// first in the component',
    `useEffect(() => { ${LOOK} }, []);`,
    '// below the component',
    BUTTON,
  ];
  return `${isMoved ? 'add' : removal} the lines below to the module with the component of the root route or, if routes below it have an errorElement, of each of these routes instead. ${TOO_EARLY}\n${lines.join('\n')}`;
}

/** Whether the entry imports the module with the function, and leaves the call to another one or to a function. */
function isCallMoved(text: string): boolean {
  return importsUpdate(text) && !/^(keepUpToDate|lookForUpdate)\(/m.test(text);
}

/** The promise of the bootstrap rejects with the error, which the generated module only logs. */
function stepForAngular({ hasAngular }: App, text: string): string | undefined {
  if (!hasAngular || /\breportError\b/.test(text)) return undefined;
  const call = /\bbootstrapModule\b/.test(text)
    ? 'bootstrapModule(AppModule)'
    : 'bootstrapApplication(App, appConfig)';
  return `${call}.then(${NAME}).catch(reportError), in place of the last lines. Otherwise Angular hides the error of a component, and a broken release that shows something else counts as working; docs/guides/pwa.md says what components of routes need`;
}

/** The major and minor version that a range begins with. `latest` stands for the newest version. */
function versionIn(range: string, newest: readonly [number, number]): readonly [number, number] {
  const [, major, minor] = /^\D*(\d+)\.(\d+)/.exec(range) ?? [];
  return major === undefined ? newest : [Number(major), Number(minor)];
}

/** Whether a module uses what the call gives. */
function hasButton({ entry, relevant }: Pick<App, 'entry' | 'relevant'>): boolean {
  return [entry?.text ?? '', ...relevant.map(({ text }) => text)].some(
    (text) => useOfResult(text) === 'result',
  );
}

/** The step that shows visitors that an update is ready, in the module with the call. */
function stepForButton(
  { entry, relevant, isTypeScript }: App,
  framework: Answers['framework'],
): string {
  const own = `${APP_FOLDER}/update.${isTypeScript ? 'ts' : 'js'}`;
  const calling = relevant.find(({ text }) => useOfResult(text) === 'call');
  const path = framework === 'static' ? own : (calling?.path ?? entry?.path);
  const where = path === undefined ? '' : `${path}: `;
  return `${where}show a button when ${NAME}() gives true: call lookForUpdate() in place of ${NAME}(), and add the lines below\n${BUTTON}`;
}

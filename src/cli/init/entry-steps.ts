// The steps for the first module of the app that init leaves to the user: its framework has to report errors, the call has to come
// when the first screen is drawn, and the page has to show that an update is ready.

import type { Answers } from './answers.ts';
import { importsUpdate, linesWithCall, NAME, specifierFrom } from './entry-module.ts';
import type { Project } from './project.ts';
import { APP_FOLDER } from './website.ts';

type App = Pick<
  Project,
  'vue' | 'hasVueRouter' | 'react' | 'reactBoundary' | 'hasAngular' | 'entry' | 'isTypeScript'
>;

/** The call that init writes, as a statement. */
const CALL = `${NAME}().catch(console.error)`;

/**
 * Returns the steps without which a release counts as working although a component of its first screen throws, or the page of such a
 * release does not load itself again. Leaves out those that the entry module shows to be done.
 */
export function stepsForErrors(app: App): string[] {
  const { entry } = app;
  const text = entry?.text;
  if (text === undefined) return [];
  const steps = [stepForVue, stepForVueRouter, stepForReact, stepForReactRoute, stepForAngular];
  return steps.flatMap((step) => {
    const described = step(app, text);
    return described === undefined ? [] : `${entry?.path}: ${described}`;
  });
}

function stepForVue({ vue }: App, text: string): string | undefined {
  if (vue === undefined) return undefined;
  // With the old call beside the new lines, the app would be mounted twice.
  const atOnce = MOUNTED_AT_ONCE.exec(text);
  if (atOnce === null && /\b(throwUnhandledErrorInProduction|errorHandler)\b/.test(text)) {
    return undefined;
  }
  const [major] = versionIn(vue, NEWEST_VUE);
  const name = nameOfApp(text);
  const line = isOlder(vue)
    ? `${major === 2 ? 'Vue' : name}.config.errorHandler = (error) => reportError(error)`
    : `${name}.config.throwUnhandledErrorInProduction = true`;
  return `${major === 2 ? `add the line ${line}` : placed(line, name, atOnce)}. Otherwise Vue hides the error of a component, and a broken release that shows something else counts as working`;
}

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

/** Says where the line belongs, in the form that the module has. */
function placed(line: string, name: string, atOnce: RegExpExecArray | null): string {
  if (atOnce === null) return `put the line ${line} before ${name}.mount`;
  const [app, calls] = atOnce.slice(1).map((part) => part.replace(/\s+(?=\.)/g, ''));
  const statements = `app${calls}`.replace(/(?<=\))\.mount\(/, '; app.mount(');
  return `replace ${app}${calls} by const app = ${app}; ${line}; ${statements}`;
}

/**
 * The router draws its first route after `mount` has returned, unless the app is mounted after the router is ready. Before Vue 3.5,
 * `mount` does not throw the error of a component, so this step would not help.
 */
function stepForVueRouter({ vue, hasVueRouter }: App, text: string): string | undefined {
  if (vue === undefined || !hasVueRouter || /\bisReady\b/.test(text)) return undefined;
  if (isOlder(vue)) return undefined;
  const [, router = 'router'] = /\.use\((\w*router\w*)\)/i.exec(text) ?? [];
  const [, root = "'#app'"] = /\.mount\(([^()]*)\)/.exec(text) ?? [];
  const mount = `${nameOfApp(text)}.mount(${root})`;
  return `replace ${mount} and ${CALL} by ${router}.isReady().then(() => { ${mount}; ${CALL} }). ${TOO_EARLY}`;
}

const TOO_EARLY =
  'Otherwise the call comes before the first route is drawn, and the page of a broken release does not load itself again';

/** React before version 19 has no such option. */
function stepForReact({ react, reactBoundary }: App, text: string): string | undefined {
  if (react === undefined || reactBoundary === undefined) return undefined;
  if (versionIn(react, [19, 0])[0] < 19 || /\bonCaughtError\b/.test(text)) return undefined;
  return `createRoot(element, { onCaughtError: (error) => reportError(error) }). Otherwise an error boundary, such as that of ${reactBoundary}, hides the error of a component, and a broken release counts as working`;
}

/** React draws after the last line of the entry. In place of a component that throws, an error boundary draws something else. */
function stepForReactRoute(
  { react, reactBoundary, entry, isTypeScript }: App,
  text: string,
): string | undefined {
  if (react === undefined || reactBoundary === undefined) return undefined;
  if (isCallMoved(text)) return undefined;
  const specifier = specifierFrom(entry?.path ?? '', isTypeScript);
  return `delete the call ${CALL}, and shorten the import to import '${specifier}'. Call it in the component of the root route or, if routes below it have an errorElement, of each of these routes instead: useEffect(() => { ${CALL} }, []). ${TOO_EARLY}`;
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

/** Returns the step that shows visitors that an update is ready. Leaves it out if the entry uses the result of the call. */
export function stepForButton(
  { entry, isTypeScript }: Pick<Project, 'entry' | 'isTypeScript'>,
  { framework }: Pick<Answers, 'framework'>,
): string[] {
  const text = entry?.text ?? '';
  const lines = text.split('\n');
  const isUsed = linesWithCall(text).some((line) => !WITHOUT_RESULT.test(lines[line - 1] ?? ''));
  if (isUsed || (importsUpdate(text) && linesWithCall(text).length === 0)) return [];
  const own = `${APP_FOLDER}/update.${isTypeScript ? 'ts' : 'js'}`;
  const path = framework === 'static' ? own : entry?.path;
  const where = path === undefined ? '' : `${path}: `;
  return [
    `${where}show a button when ${NAME}() gives true: step 5 of docs/guides/first-update.md in node_modules/bundleseal has the code`,
  ];
}

/** An import of the function, or a call whose result is not used. */
const WITHOUT_RESULT = /^\s*import\b|(?:^|[;{>])\s*keepUpToDate\(\)\.catch\(/;

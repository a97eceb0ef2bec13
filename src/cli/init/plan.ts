// Plans the work of init: new files, additions to existing files, and steps that the user has to do.

import { exists } from '../../files/leniency.ts';
import { STAMP } from '../../release/stamp.ts';
import { SEALED } from '../bundle-formats.ts';
import { denyKey, keepsFromServer } from '../config/dev-server.ts';
import { ignoreLines } from '../git.ts';
import { KEY_MODULE_MARK, renderModule } from '../key-module.ts';
import { SCRIPTS } from '../release/settings.ts';
import { type Answers, isBeside, isWebsite } from './answers.ts';
import { addCall, entryLines, specifierFrom } from './entry-module.ts';
import { stepsForEntry } from './entry-steps.ts';
import { isNextExported } from './folders.ts';
import { capacitorFiles, ELECTRON_FOLDER, electronFiles, electronPage } from './native.ts';
import { findPagesDomain } from './pages-domain.ts';
import { stepForBase } from './pages-website.ts';
import type { Project } from './project.ts';
import { publishSteps } from './publish-steps.ts';
import { bytesOf } from './read.ts';
import { RECORD, type Written, workflowPath } from './record.ts';
import { addMembers, localStore, packageMembers } from './scripts.ts';
import { type Unused, unusedWorkflow } from './unused.ts';
import { ABOUT_SERVER, APP_FOLDER, type NewFile, serverConfig, websiteFiles } from './website.ts';
import { workflowOf } from './workflow.ts';

/** A file to write completely. */
export interface Change {
  readonly path: string;
  readonly about: string;
  /** The present content. Absent: a new file. */
  readonly before?: Buffer;
  readonly after: Buffer;
  /** Whether the content contains a key and must not be shown. */
  readonly isKey?: true;
  /** Whether it is the app's first module, which users edit too. */
  readonly isEntry?: true;
}

/** The content that init would have written to a path with a file of the user. */
interface Conflict {
  readonly path: string;
  readonly reason: string;
  readonly lines: readonly string[];
}

export interface Plan {
  readonly changes: readonly Change[];
  readonly conflicts: readonly Conflict[];
  /** Files that need no change. */
  readonly same: readonly string[];
  /** Files of an earlier run to remove. */
  readonly removals: Unused['removals'];
  /** Files of an earlier run that the answers do not have, and that stay. */
  readonly kept: Unused['kept'];
  /** Remaining steps for the user, in order. */
  readonly next: readonly string[];
}

/**
 * Makes the plan without writing anything.
 *
 * @param publicKeys - In PEM, the current one first. Empty before the pair is made.
 * @param written - Files of an earlier run, which may be replaced if they have not changed.
 * @param earlier - The answers of an earlier run. A file that init would write with them may be replaced too: a clone has no
 *   record.
 */
export async function makePlan(
  project: Project,
  answers: Answers,
  publicKeys: readonly string[],
  written: Written | undefined,
  earlier: Answers | undefined,
): Promise<Plan> {
  const changes: Change[] = [];
  const conflicts: Conflict[] = [];
  const same: string[] = [];

  const files = newFiles(project, answers, publicKeys);
  const earlierFiles = new Map(
    (earlier ? newFiles(project, earlier, publicKeys) : []).map((file) => [
      file.path,
      file.content,
    ]),
  );
  for (const { path, content, about } of files) {
    const after = Buffer.from(content);
    const before = await bytesOf(path);
    const isKey = about === ABOUT_KEY ? ({ isKey: true } as const) : {};
    if (before === undefined) changes.push({ path, about, after, ...isKey });
    else if (before.equals(after)) same.push(path);
    else if (isKey.isKey && isModuleOf(before, publicKeys)) same.push(path);
    else if (
      earlierFiles.get(path) === before.toString() ||
      (await written?.isAsWritten(path, before))
    )
      changes.push({ path, about, before, after, ...isKey });
    // A file of init that the user has changed must not be replaced.
    else if (written?.files[path] !== undefined) same.push(path);
    else {
      const lines = isKey.isKey
        ? [`run ${project.manager.typed.execute} bundleseal key save --module ${path}`]
        : content.trimEnd().split('\n');
      conflicts.push({ path, reason: 'exists with other content', lines });
    }
  }
  await editIgnored();
  await editPackage();
  await editEntry();
  await editServer();
  const workflow = workflowPath(project.root);
  const changed = new Set(changes.map(({ path }) => path));
  const isAppChanged = files.some(({ path }) => path !== workflow && changed.has(path));
  const next = await nextSteps(project, answers, written, isAppChanged);
  const unused = await unusedWorkflow(project, answers, written, earlier);
  return { changes, conflicts, same, ...unused, next };

  function earlierMembers(): string[] {
    const members = earlier ? packageMembers(project, earlier) : [];
    return members.map(([path, value]) => JSON.stringify([...path, value]));
  }

  function edit(path: string, about: string, before: Buffer | undefined, after: Buffer): void {
    if (before?.equals(after)) same.push(path);
    else changes.push({ path, about, after, ...(before !== undefined && { before }) });
  }

  async function editIgnored(): Promise<void> {
    const path = '.gitignore';
    const before = await bytesOf(path);
    // Latin-1 keeps every byte, because the file may be in any encoding.
    const text = before?.toString('latin1') ?? '';
    const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
    const present = new Set(text.split(/\r?\n/));
    const [folder] = localStore(answers).split('/');
    const wanted = [...ignoreLines(SEALED.privateKeyFile), `/${folder}/`, `/${RECORD}`];
    const missing = wanted.filter((line) => !present.has(line));
    const start = text === '' || text.endsWith('\n') ? '' : lineBreak;
    const added =
      missing.length === 0 ? '' : start + missing.map((line) => line + lineBreak).join('');
    edit(path, 'keeps the private key out of git', before, Buffer.from(text + added, 'latin1'));
  }

  async function editPackage(): Promise<void> {
    const path = 'package.json';
    const { text, taken } = await addMembers(
      project.packageText,
      packageMembers(project, answers),
      [...(written?.files[path]?.added ?? []), ...earlierMembers()],
    );
    edit(path, 'scripts and settings', Buffer.from(project.packageText), Buffer.from(text));
    if (taken.length === 0) return;
    const reason = 'has other scripts or settings of these names: rename those, or change them to';
    conflicts.push({ path, reason, lines: taken });
  }

  async function editEntry(): Promise<void> {
    const { entry, framework } = { ...project, ...answers };
    if (framework === 'next' || framework === 'static' || framework === 'capacitor') return;
    if (entry === undefined) return;
    const specifier = specifierFrom(entry.path, project.isTypeScript);
    if (entry.text === undefined) {
      const [first, second] = entryLines(specifier);
      changes.push({
        path: entry.path,
        about: 'starts the updates',
        after: Buffer.from(`${first}\n\n${second}\n`),
        isEntry: true,
      });
      return;
    }
    const after = await addCall(entry.path, entry.text, specifier, entry.isModule);
    if (after !== undefined) {
      edit(entry.path, 'starts the updates', Buffer.from(entry.text), Buffer.from(after));
      return;
    }
    conflicts.push({
      path: entry.path,
      reason: 'cannot be parsed as a module: add these lines',
      lines: entryLines(specifier),
    });
  }

  async function editServer(): Promise<void> {
    const { viteConfig } = project;
    if (viteConfig === undefined) return;
    const { path, text } = viteConfig;
    if (await keepsFromServer(viteConfig, SEALED.privateKeyFile)) {
      same.push(path);
      return;
    }
    const result = await denyKey(viteConfig, SEALED.privateKeyFile);
    if ('edited' in result) {
      edit(path, ABOUT_SERVER, Buffer.from(text), Buffer.from(result.edited));
      return;
    }
    const reason = `lets Vite's dev server send ${SEALED.privateKeyFile} to everyone who can reach it: add this`;
    conflicts.push({ path, reason, lines: [result.manual] });
  }
}

/**
 * Whether the file is a module of bundleseal with the current key, and with others during a rotation.
 */
function isModuleOf(before: Buffer, [current]: readonly string[]): boolean {
  const text = before.toString();
  return current !== undefined && text.startsWith(KEY_MODULE_MARK) && text.includes(current.trim());
}

const ABOUT_KEY = 'the public key, for the app';

function newFiles(project: Project, answers: Answers, publicKeys: readonly string[]): NewFile[] {
  const end = project.isTypeScript ? 'ts' : 'js';
  const isElectron = answers.framework === 'electron';
  const module = isElectron ? `${ELECTRON_FOLDER}/key.mjs` : `${APP_FOLDER}/key.${end}`;
  const key = { path: module, about: ABOUT_KEY, content: renderModule(module, publicKeys) };
  const workflow = workflowPath(project.root);
  return [
    key,
    ...(isWebsite(answers) ? websiteFiles(project, answers) : []),
    ...serverConfig(project),
    ...(isElectron ? [...electronFiles(answers), electronPage(project)] : []),
    ...(answers.framework === 'capacitor' ? capacitorFiles(project, answers) : []),
    ...(answers.ci === 'github'
      ? [
          {
            path: workflow,
            about:
              answers.store === 'folder'
                ? 'builds, publishes and keeps the store as an artifact; put your upload in'
                : 'builds, publishes and uploads',
            content: workflowOf(project, answers),
          },
        ]
      : []),
  ];
}

/**
 * Lists the steps for the user. Leaves out those that the files here show to be done.
 *
 * @param isAppChanged - Whether this run writes modules of the app, so that an older build and older releases lack them.
 */
async function nextSteps(
  project: Project,
  answers: Answers,
  written: Written | undefined,
  isAppChanged: boolean,
): Promise<string[]> {
  const { framework, ci, appId, dir } = answers;
  const isNative = !isWebsite(answers);
  const hasWebsite = !isNative && isBeside(answers);
  const domain = hasWebsite ? await findPagesDomain({ ...project, dir }) : undefined;
  const onGitHub = { ...project, domain };
  const [, call] = entryLines('');
  const byHand: Partial<Record<string, string[]>> = {
    next: [
      `call keepUpToDate() of ${APP_FOLDER}/update in an effect of a client component that every page has`,
      ...((await isNextExported()) ? [] : ["set output: 'export' in the config of Next.js"]),
    ],
    static: [
      'load the script of the build on every page: <script type="module" src="/bundleseal.js"></script>',
    ],
    electron: [
      `main process: import { registerScheme, serveReleases } from './${ELECTRON_FOLDER}/updater.mjs'`,
      'main process: registerScheme(protocol) before the app is ready; then serveReleases(app, protocol), and load app://app/ in the window',
      `package the app after ${SCRIPTS.build} instead of build: the packaged build needs its stamp`,
      'leave .bundleseal_key and store/ out of the packaged app: docs/guides/electron.md has the settings of the packagers',
    ],
    capacitor: [
      `${project.manager.typed.add} @capacitor/filesystem`,
      `first lines of the app: import { releases, updater } from './${APP_FOLDER.slice('src/'.length)}/updater'; const id = await releases.boot(updater)`,
      'when the app works: if (await waitForFirstScreen()) await updater.confirm(id). Then: await updater.update(). docs/guides/capacitor.md has all of it',
    ],
  };
  const store = localStore(answers);
  const [site] = store.split('/') as [string];
  // A release shows that there was a build, even if another build has emptied the folder since.
  const isPublished =
    !isAppChanged && (await exists(`${store}/channels/${answers.channel}.sealed`));
  const isBuilt = isPublished || (!isAppChanged && (await exists(`${answers.dir}/${STAMP}`)));
  const isCopied = isPublished && (await exists(`${site}/${STAMP}`));
  const isTried = isNative || !isBeside(answers) || isCopied;
  const { privateKeyFile } = SEALED;
  const isOfInit = written?.files[privateKeyFile] !== undefined && (await exists(privateKeyFile));
  const hasNewKey = answers.keys !== 'use' || isOfInit;
  const { run } = project.manager.typed;
  const needed = [
    ...(isBuilt ? [] : [`build it with ${run} ${SCRIPTS.build}`]),
    ...(isPublished ? [] : [`publish it (app id "${appId}") with ${run} ${SCRIPTS.publish}`]),
  ];
  return [
    ...(project.hasLibrary ? [] : [`${project.manager.typed.add} bundleseal: the app imports it`]),
    ...(byHand[framework] ?? []),
    ...(framework === 'sveltekit' ? stepForAdapter(project) : []),
    ...(project.entry === undefined &&
    (framework === 'vite' ||
      framework === 'angular' ||
      framework === 'cra' ||
      framework === 'electron')
      ? [`call it in the module that starts the app: ${call}`]
      : []),
    ...stepsForEntry(project, answers, isNative),
    ...(project.hasBuild || isNative
      ? []
      : [`put the files of the website into ${answers.dir}: package.json has no script "build"`]),
    ...(project.version !== undefined ? [] : ['give package.json a version: "version": "1.0.0"']),
    ...(!isNative && !project.hasVite
      ? [`${project.manager.name} install, which installs esbuild`]
      : []),
    ...(ci === 'github' ? stepForBase(onGitHub, answers, project.base) : []),
    ...publishSteps(onGitHub, answers, { needed, isTried, hasNewKey }),
  ];
}

/** The adapter of a SvelteKit app has to fit its version: version 4 of the adapter refuses version 2 of SvelteKit. */
function stepForAdapter({ kit, manager }: Project): string[] {
  if (kit.adapter !== undefined) return [];
  const [, major = '3'] = /^\D*(\d+)/.exec(kit.version ?? '') ?? [];
  const version = Number(major) < 3 ? `@${Number(major) + 1}` : '';
  return [
    `${manager.typed.add} @sveltejs/adapter-static${version}, and make it the adapter: other adapters write no folder of static files`,
  ];
}

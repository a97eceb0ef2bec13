// The steps after init that publish an app: by the workflow, or on this machine and by an upload to a server.

import { SEALED } from '../bundle-formats.ts';
import type { Manager } from '../package-manager.ts';
import { ABOUT_STORES, type Answers, isBeside, isWebsite } from './answers.ts';
import type { OnGitHub } from './pages-website.ts';
import type { Project } from './project.ts';
import { workflowPath } from './record.ts';
import { localStore } from './scripts.ts';
import { settingsOf, setupOf } from './workflow.ts';

interface State {
  /** The steps that build and publish on this machine, without those that are done. */
  readonly needed: readonly string[];
  /** Whether the build is beside the releases, or does not belong there. */
  readonly isTried: boolean;
  /** Whether init has made the key. */
  readonly hasNewKey: boolean;
}

/** Lists the steps from the first build to the upload. */
export function publishSteps(
  project: Project & OnGitHub,
  answers: Answers,
  state: State,
): string[] {
  const copies = state.hasNewKey
    ? [
        `keep a copy of ${SEALED.privateKeyFile} that only you can read: without the key, your apps get no more updates`,
      ]
    : [];
  const { needed, isTried } = state;
  const { copy, looks } = trySteps(answers, project.manager);
  if (answers.ci === 'github') {
    const here = [...needed, ...(isTried ? [] : [copy, ...looks])];
    return [...here.map(optional), ...copies, ...workflowSteps(project, answers)];
  }
  return [
    ...needed,
    ...(isTried ? [] : [copy, ...looks.map((step) => `optional: ${step}`)]),
    ...copies,
    ...uploadSteps(project, answers),
  ];
}

/** With a workflow, the steps that build and publish on this machine only try out updates. */
function optional(step: string, index: number): string {
  return index === 0
    ? `optional, to try it on this machine (CI starts a channel of its own): ${step}`
    : `optional: ${step}`;
}

/** The build and the store are served together. */
function trySteps(answers: Answers, { typed }: Manager): { copy: string; looks: string[] } {
  const { dir, framework } = answers;
  const site = siteOf(answers);
  const copy =
    process.platform === 'win32'
      ? `xcopy ${dir.replaceAll('/', '\\')} ${site} /E /I /Y`
      : `cp -R ${dir}/. ${site}/`;
  const serve =
    framework === 'vite'
      ? `with ${typed.execute} vite preview --outDir ${site}`
      : 'with any web server';
  return {
    copy: `copy the build beside the releases with ${copy}`,
    looks: [
      `serve ${site} ${serve}`,
      'see an update arrive: continue at step 4 of docs/guides/first-update.md in node_modules/bundleseal',
    ],
  };
}

const siteOf = (answers: Answers) => localStore(answers).split('/')[0] as string;

/** What the owner of the repository does on GitHub, up to the first tag. */
function workflowSteps(project: Project & OnGitHub, answers: Answers): string[] {
  const { manager, root, domain, libraryFile, version } = project;
  const workflow = workflowPath(root);
  const setup = setupOf(answers, domain).map((one) =>
    one.replace(/^Settings/, 'settings of the repository'),
  );
  // The first run creates the environment to which this rule belongs.
  const isRule = (one: string) => one.includes('→ Environments →');
  const tag = `v${/^[\w.+-]+$/.test(version ?? '') ? version : 'VERSION'}`;
  const isOnPages = answers.store === 'github-pages';
  const index = `channels/${answers.channel}.sealed at ${isBeside(answers) ? 'the address of the store' : answers.url}`;
  return [
    ...(libraryFile === undefined
      ? []
      : [
          `move ${libraryFile} into the repository and install it from there: the workflow cannot install a file outside of it`,
        ]),
    ...settingsOf(project, answers).map(
      ({ kind, name, about }) => `${kind} ${name} in the settings of the repository: ${about}`,
    ),
    ...setup.filter((one) => !isRule(one)),
    ...(answers.store === 'folder'
      ? [
          `replace the last step of ${workflow} by the upload to your server: until then, the workflow uploads nothing to it`,
        ]
      : []),
    'commit every file of the repository that init made or changed, and push them to the default branch',
    'start the workflow by hand, with "The channel is new": Actions → Publish update → Run workflow',
    ...setup.filter(isRule),
    `wait until that run has ended and the server sends ${index}${isOnPages ? ', and then ten minutes more, because GitHub Pages sends older files so long' : ''}. Then tag the first release: git tag ${tag} && git push origin ${tag}`,
    `for each later release: ${manager.typed.tag} && git push --follow-tags`,
  ];
}

const GUIDE = 'in node_modules/bundleseal';

/** What the owner of a server does without a workflow. */
function uploadSteps({ hosting, manager }: Project, answers: Answers): string[] {
  const { dir, store, channel, url } = answers;
  const folder = localStore(answers);
  const { execute } = manager.typed;
  const isBelow = isWebsite(answers) && isBeside(answers);
  const server = store === 'folder' || store === 'rsync' ? 'your web server' : ABOUT_STORES[store];
  return [
    ...(isBelow
      ? [
          `upload ${siteOf(answers)} to ${server}, for example with rsync -a ${siteOf(answers)}/ HOST:/srv/www/`,
        ]
      : [
          ...(isWebsite(answers) ? [`deploy ${dir} to the web server of the website`] : []),
          `upload ${folder} to ${server}, so that devices read it at ${url}`,
        ]),
    `configure the server to send the headers of the store: "Upload in this order" in docs/guides/publishing.md ${GUIDE} has the lines for nginx`,
    `after each later publish, upload ${folder}/objects and then ${folder}/channels/${channel}.sealed: "On your own server, without CI" in docs/guides/first-update.md ${GUIDE} has the commands`,
    `at least every 30 days, publish or run ${execute} bundleseal release refresh, and upload the index: devices refuse an index 30 days after it was made`,
    hosting === 'none'
      ? `if the app comes to GitHub later: ${execute} bundleseal init --ci github writes a workflow that publishes at each tag${isWebsite(answers) ? '; with --store github-pages it also deploys the website to GitHub Pages' : ', and --store says where it uploads'}`
      : 'optional, in other CI: run the same two scripts with BUNDLESEAL_PRIVATE_KEY, and upload the files that release publish lists',
  ];
}

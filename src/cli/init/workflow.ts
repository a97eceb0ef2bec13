// Makes the workflow of GitHub Actions, which builds, publishes, and uploads new files.
//
// It pins actions by the commit of the tag in the comment. Only the publishing step gets the key.

import { KEY_FILE, KEY_VARIABLE, PASSPHRASE_VARIABLE } from '../../keys/key-places.ts';
import { IMMUTABLE } from '../../publish/paths.ts';
import { SCRIPTS } from '../release/settings.ts';
import { type Answers, isBeside, isWebsite } from './answers.ts';
import type { PagesDomain } from './pages-domain.ts';
import { type OnGitHub, pagesOf, stepForBase } from './pages-website.ts';
import type { Project } from './project.ts';
import { type Setting, secret, UPLOADS, variable } from './uploads.ts';
import { fallbackOf } from './website.ts';
import { checkJob, PUBLISHES, TOGETHER, takeRelease } from './workflow-parts.ts';

const CHECKOUT = 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1';
const SETUP_NODE = 'actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0';
const DEPLOY_PAGES = 'actions/deploy-pages@cd2ce8fcbc39b97be8ca5fce6e763baed58fa128 # v5.0.0';

/** Whether a deploy has the website and the store together. */
function deploysWebsite(answers: Answers): boolean {
  return UPLOADS[answers.store].isWhole === true && isWebsite(answers) && isBeside(answers);
}

/** Returns the address of a store beside the website, as an example for the user. */
function exampleAddress(project: OnGitHub, { store, url }: Answers): string {
  const website = store === 'github-pages' ? pagesOf(project).website : 'https://app.example.com/';
  return `${website}${url}`;
}

/** The address of the store for devices, if the answers and the remote on GitHub have it. */
export function storeAddress(project: OnGitHub, answers: Answers): string | undefined {
  if (!isBeside(answers)) return answers.url;
  const isKnown = project.github !== undefined || project.domain !== undefined;
  const isOnPages = answers.store === 'github-pages';
  return isKnown && isOnPages ? exampleAddress(project, answers) : undefined;
}

/** The secrets and variables that the workflow needs. */
export function settingsOf(project: OnGitHub, answers: Answers): Setting[] {
  return [
    secret(KEY_VARIABLE, `the text of ${KEY_FILE}`),
    ...(answers.isProtected ? [secret(PASSPHRASE_VARIABLE, 'the passphrase of the key')] : []),
    ...(isBeside(answers)
      ? [
          variable(
            'BUNDLESEAL_STORE_URL',
            `the address of the store, such as ${exampleAddress(project, answers)}`,
          ),
        ]
      : []),
    ...UPLOADS[answers.store].settings,
  ];
}

/** What the owner of the repository sets up on GitHub, beside secrets and variables. */
export function setupOf({ store }: Answers, domain?: PagesDomain): string[] {
  if (store !== 'github-pages') return [];
  return [
    'Settings → Pages → Source: GitHub Actions',
    ...(domain === undefined
      ? []
      : [
          `Settings → Pages → Custom domain: ${domain.name}. GitHub ignores ${domain.path} when a workflow deploys`,
        ]),
    'Settings → Environments → github-pages: add a deployment tag rule v*, or GitHub says of a tag that it "is not allowed to deploy". GitHub creates that environment, in the first run at the latest, and lets only the default branch deploy to it',
  ];
}

/** The end of the first line of the workflow. */
export const WORKFLOW_MARK = 'Written by "bundleseal init".';

export function workflowOf(project: Project, answers: Answers): string {
  const { dir, store, url, channel, appId, isProtected } = answers;
  const upload = UPLOADS[store];
  const isWhole = upload.isWhole === true;
  const isAll = deploysWebsite(answers);
  const needed = settingsOf(project, answers);
  const settings = needed.map(
    ({ kind, name, about }) => `#   ${`${kind} ${name}`.padEnd(42)} ${about}`,
  );
  const setup = [...setupOf(answers), ...stepForBase(project, answers)].map((one) => `#   ${one}`);
  const passphrase = isProtected
    ? `          ${PASSPHRASE_VARIABLE}: \${{ secrets.${PASSPHRASE_VARIABLE} }}\n`
    : '';
  const address = isBeside(answers) ? `\${{ vars.BUNDLESEAL_STORE_URL }}` : url;
  const { root, manager } = project;
  const folder =
    root === '.'
      ? ''
      : `    defaults:
      run:
        working-directory: ${scalar(folderFrom(root))}
`;
  return `# Builds the app, publishes it to the channel ${channel}, and uploads what is new. ${WORKFLOW_MARK}
#
# The repository needs:
${[...settings, ...setup].join('\n')}
#
# Start it by hand the first time, with "The channel is new". Later, commit and push a tag: ${manager.typed.tag} && git push --follow-tags
# To withdraw a release, or to put an older one in front again, start it by hand with the version of that release.
# Every Monday it only refreshes the index, because devices refuse one that has expired. Before the first release it only warns.
name: Publish update

on:
  push:
    tags: ['v*']
  schedule:
    - cron: '17 4 * * 1'
  workflow_dispatch:
    inputs:
      create:
        description: The channel is new
        type: boolean
        default: false
      withdraw:
        description: Withdraw this release (its version or id), and publish nothing
        type: string
        default: ''
      promote:
        description: Put this older release in front again (its version or id), even if it was withdrawn, and publish nothing
        type: string
        default: ''

permissions: {}

# Two publishers at once could lose a release.
concurrency:
  group: bundleseal-${channel}
  cancel-in-progress: false

jobs:
${checkJob({ address, channel, needed, tag: isAll ? `${manager.typed.tag} && git push --follow-tags` : undefined, checkout: CHECKOUT })}
  publish:
    needs: check
    if: needs.check.outputs.skip != 'true'
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    permissions:
      contents: read
${folder}    steps:
      - uses: ${CHECKOUT}
        with:
          persist-credentials: false
${isAll ? '          fetch-depth: 0\n' : ''}      - uses: ${SETUP_NODE}
        with:
          node-version: 24
          package-manager-cache: false
      - run: ${manager.install}
      - run: ${manager.run} ${SCRIPTS.build}
        if: ${PUBLISHES}
      - name: Publish, or refresh the index on a schedule, or withdraw or promote a release
        env:
          ${KEY_VARIABLE}: \${{ secrets.${KEY_VARIABLE} }}
${passphrase}          STORE_URL: ${address}
          CREATE: \${{ inputs.create }}
          WITHDRAW: \${{ inputs.withdraw }}
          PROMOTE: \${{ inputs.promote }}
        run: |
          set -- --store out --from "$STORE_URL" --channel ${channel} --app-id ${appId}${isWhole ? ' --out full' : ''}
          if [ -n "$WITHDRAW" ] && [ -n "$PROMOTE" ]; then
            echo '::error::Withdraw one release or put one in front, and do the other in a second run'
            exit 1
          fi
          case "$WITHDRAW$PROMOTE" in
            -* | *[!0-9A-Za-z.+_-]*)
              echo '::error::This is not the version or the id of a release. npx bundleseal release list shows both'
              exit 1
              ;;
          esac
          if [ "$GITHUB_EVENT_NAME" = schedule ]; then
            ${manager.execute} bundleseal release refresh "$@"
          elif [ -n "$WITHDRAW" ]; then
            ${manager.execute} bundleseal release withdraw "$WITHDRAW" "$@"
          elif [ -n "$PROMOTE" ]; then
            ${manager.execute} bundleseal release promote "$PROMOTE" --first --reinstate "$@"
          else
            if [ "$CREATE" = true ]; then set -- "$@" --create; fi
            ${manager.execute} bundleseal release publish ${dir} "$@"
          fi
${isAll ? takeRelease(manager, answers) : ''}${isWhole ? siteStep(project, answers) : ''}${inFolder(upload.steps(channel), root)}${store === 'github-pages' ? DEPLOY : ''}`;
}

/** Makes the steps for a host that keeps no files of the previous deploy. */
function siteStep(project: Project, answers: Answers): string {
  const { dir, url, store } = answers;
  const isAll = deploysWebsite(answers);
  const at = isAll ? `site/${url}` : 'site/';
  const below = isAll ? `/${url}` : '/';
  const headers = [
    `${below}objects/*`,
    `  Cache-Control: ${IMMUTABLE}`,
    `${below}channels/*`,
    '  Cache-Control: no-cache',
  ];
  const lines = [
    `mkdir -p ${at}`,
    ...(isAll ? [`cp -R ${dir}/. site/`] : []),
    `cp -R out/. ${at}`,
    ...(isAll && store === 'github-pages' ? pageForRoutes(fallbackOf(project, answers)) : []),
    ...(store === 'netlify'
      ? [`printf '%s\\n' ${headers.map((one) => `'${one}'`).join(' ')} > site/_headers`]
      : []),
  ];
  return `      - name: ${isAll ? TOGETHER : 'Put the store together'}
        run: |
${lines.map((line) => `          ${line}\n`).join('')}`;
}

/**
 * GitHub Pages answers an address without a file with `404.html`. In a single-page app, that page has to start the app, because only the
 * app installs the service worker. The stamp does not list the copy, so releases stay the same.
 */
function pageForRoutes(fallback: string | undefined): string[] {
  if (fallback === undefined) return [];
  return [`if [ ! -e site/404.html ]; then cp site/${fallback} site/404.html; fi`];
}

const DEPLOY = `
  deploy:
    needs: publish
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      pages: write
      id-token: write
    environment:
      name: github-pages
      url: \${{ steps.deployment.outputs.page_url }}
    steps:
      - id: deployment
        uses: ${DEPLOY_PAGES}
`;

/** Writes a path in YAML, where most signs have a meaning. A text of JSON is a text of YAML too. */
function scalar(path: string): string {
  return /^\w[\w./-]*$/.test(path) ? path : JSON.stringify(path);
}

/** Returns the path of the app's folder from the root of its repository. */
function folderFrom(root: string): string {
  const depth = root.split('/').length;
  return process.cwd().split(/[\\/]/).slice(-depth).join('/');
}

/**
 * Paths of actions are relative to the repository's root, paths of commands to the app's folder.
 */
function inFolder(steps: string, root: string): string {
  if (root === '.') return steps;
  return steps.replace(
    /^( +path: )(.*)$/gm,
    (_, before, path) => `${before}${scalar(`${folderFrom(root)}/${path}`)}`,
  );
}

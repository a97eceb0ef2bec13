// Makes the workflow of GitHub Actions, which builds, publishes, and uploads new files.
//
// It pins actions by the commit of the tag in the comment. Only the publishing step gets the key.

import { KEY_FILE, KEY_VARIABLE, PASSPHRASE_VARIABLE } from '../../keys/key-places.ts';
import type { Manager } from '../package-manager.ts';
import { SCRIPTS } from '../release/settings.ts';
import { type Answers, isBeside, isWebsite } from './answers.ts';
import type { Project } from './project.ts';
import { IMMUTABLE, type Setting, secret, UPLOADS, variable } from './uploads.ts';

const CHECKOUT = 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1';
const SETUP_NODE = 'actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0';
const DEPLOY_PAGES = 'actions/deploy-pages@d6db90164ac5ed86f2b6aed7e0febac5b3c0c03e # v4.0.5';

/** Whether a deploy has the website and the store together. */
function deploysWebsite(answers: Answers): boolean {
  return UPLOADS[answers.store].isWhole === true && isWebsite(answers) && isBeside(answers);
}

/** The secrets and variables that the workflow needs. */
export function settingsOf(answers: Answers): Setting[] {
  return [
    secret(KEY_VARIABLE, `the text of ${KEY_FILE}`),
    ...(answers.isProtected ? [secret(PASSPHRASE_VARIABLE, 'the passphrase of the key')] : []),
    ...(isBeside(answers)
      ? [
          variable(
            'BUNDLESEAL_STORE_URL',
            `the address of the store, such as https://app.example.com/${answers.url}`,
          ),
        ]
      : []),
    ...UPLOADS[answers.store].settings,
  ];
}

/** What the owner of the repository sets up on GitHub, beside secrets and variables. */
export function setupOf({ hasVite }: Project, answers: Answers): string[] {
  if (answers.store !== 'github-pages') return [];
  return [
    'Settings → Pages → Source: GitHub Actions',
    'Settings → Environments → github-pages: add a deployment tag rule v*, or GitHub says of a tag that it "is not allowed to deploy". GitHub creates that environment, in the first run at the latest, and lets only the default branch deploy to it',
    ...(hasVite && deploysWebsite(answers)
      ? [
          "set base: '/REPOSITORY/' in Vite's config if the address of the website is https://USER.github.io/REPOSITORY/",
        ]
      : []),
  ];
}

export function workflowOf(project: Project, answers: Answers): string {
  const { dir, store, url, channel, appId, isProtected } = answers;
  const upload = UPLOADS[store];
  const isWhole = upload.isWhole === true;
  const isAll = deploysWebsite(answers);
  const settings = settingsOf(answers).map(
    ({ kind, name, about }) => `#   ${`${kind} ${name}`.padEnd(42)} ${about}`,
  );
  const setup = setupOf(project, answers).map((one) => `#   ${one}`);
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
  return `# Builds the app, publishes it to the channel ${channel}, and uploads what is new. Written by "bundleseal init".
#
# The repository needs:
${[...settings, ...setup].join('\n')}
#
# Start it by hand the first time, with "The channel is new". Later, commit and push a tag: ${manager.typed.tag} && git push --follow-tags
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

permissions: {}

# Two publishers at once could lose a release.
concurrency:
  group: bundleseal-${channel}
  cancel-in-progress: false

jobs:
${checkJob(address, channel)}
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
${isAll ? takeLastRelease(manager) : ''}      - uses: ${SETUP_NODE}
        with:
          node-version: 24
          package-manager-cache: false
      - run: ${manager.install}
      - run: ${manager.run} ${SCRIPTS.build}
${isAll ? '' : `        if: github.event_name != 'schedule'\n`}      - name: Publish, or refresh the index on a schedule
        env:
          ${KEY_VARIABLE}: \${{ secrets.${KEY_VARIABLE} }}
${passphrase}          STORE_URL: ${address}
          CREATE: \${{ inputs.create }}
        run: |
          set -- --store out --from "$STORE_URL" --channel ${channel} --app-id ${appId}${isWhole ? ' --out full' : ''}
          if [ "$GITHUB_EVENT_NAME" = schedule ]; then
            ${manager.execute} bundleseal release refresh "$@"
          else
            if [ "$CREATE" = true ]; then set -- "$@" --create; fi
            ${manager.execute} bundleseal release publish ${dir} "$@"
          fi
${isWhole ? siteStep(answers) : ''}${inFolder(upload.steps(channel), root)}${store === 'github-pages' ? DEPLOY : ''}`;
}

/**
 * The schedule starts before the first release too. This job always runs: GitHub skips each job after one that was skipped,
 * even if another job is between them.
 */
const checkJob = (address: string, channel: string) => `  check:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    outputs:
      skip: \${{ steps.index.outputs.skip }}
    steps:
      - name: On a schedule, see whether there is an index to refresh
        id: index
        if: github.event_name == 'schedule'
        env:
          STORE_URL: ${address}
        run: |
          found='no address'
          if [ -n "$STORE_URL" ]; then
            found=$(curl --silent --show-error --location --retry 3 --output /dev/null --write-out '%{http_code} %{content_type}' "\${STORE_URL%/}/channels/${channel}.sealed") || found=failed
          fi
          case "$found" in
            'no address' | 403* | 404* | 410* | '200 text/html'*)
              echo "::warning::There is no index of the channel ${channel} to refresh ($found). Publish a release first"
              echo 'skip=true' >> "$GITHUB_OUTPUT"
              ;;
          esac
`;

/** A refresh that deploys the website again must not deploy commits that were not released. */
const takeLastRelease = ({ typed }: Manager) => `          fetch-depth: 0
      - name: On a schedule, take the last release
        if: github.event_name == 'schedule'
        run: |
          if ! tag=$(git describe --tags --abbrev=0 --match 'v*'); then
            echo 'There is no tag, and without one this run would deploy commits that were not released. Commit your changes and push a tag: ${typed.tag} && git push --follow-tags' >&2
            exit 1
          fi
          git checkout --quiet "$tag"
`;

/** Makes the steps for a host that keeps no files of the previous deploy. */
function siteStep(answers: Answers): string {
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
    ...(store === 'netlify'
      ? [`printf '%s\\n' ${headers.map((one) => `'${one}'`).join(' ')} > site/_headers`]
      : []),
  ];
  return `      - name: ${isAll ? 'Put the website and the store together' : 'Put the store together'}
        run: |
${lines.map((line) => `          ${line}\n`).join('')}`;
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

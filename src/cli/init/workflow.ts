// Makes the workflow of GitHub Actions, which builds, publishes, and uploads new files.
//
// It pins actions by the commit of the tag in the comment. Only the publishing step gets the key.

import { SCRIPTS } from '../release/settings.ts';
import { type Answers, isBeside, isWebsite, type StoreKind } from './answers.ts';
import type { Project } from './project.ts';

const CHECKOUT = 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1';
const SETUP_NODE = 'actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0';
const UPLOAD_ARTIFACT = 'actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0';
const UPLOAD_PAGES =
  'actions/upload-pages-artifact@7b1f4a764d45c48632c6b24a0339c27f5614fb0b # v4.0.0';
const DEPLOY_PAGES = 'actions/deploy-pages@d6db90164ac5ed86f2b6aed7e0febac5b3c0c03e # v4.0.5';
const GCLOUD_AUTH = 'google-github-actions/auth@7c6bc770dae815cd3e89ee6cdf493a5fab2cc093 # v3.0.0';

const IMMUTABLE = 'public, max-age=31536000, immutable';

/** A secret or variable of the repository, and its content. */
export interface Setting {
  readonly kind: 'secret' | 'variable';
  readonly name: string;
  readonly about: string;
}

/** A target of the upload. */
interface Upload {
  readonly settings: readonly Setting[];
  /** Makes steps in YAML. `out` is the folder with the published files. */
  readonly steps: (channel: string) => string;
  /** Whether a deploy deletes files that it does not contain. */
  readonly isWhole?: boolean;
}

const secret = (name: string, about: string): Setting => ({ kind: 'secret', name, about });
const variable = (name: string, about: string): Setting => ({ kind: 'variable', name, about });

const expressionOf = ({ kind, name }: Setting) =>
  `\${{ ${kind === 'secret' ? 'secrets' : 'vars'}.${name} }}`;

/** Makes a step that uploads the objects first, and then the index. */
function uploadStep(settings: readonly Setting[], lines: readonly string[]): string {
  const env = settings.map((one) => `          ${one.name}: ${expressionOf(one)}\n`).join('');
  return `      - name: Upload the objects, then the index
        env:
${env}        run: |
${lines.map((line) => `          ${line}\n`).join('')}`;
}

/** Runs a command with a file, if that file was published. */
const ifThere = (path: string, command: string) => `if [ -f ${path} ]; then ${command}; fi`;

/** Runs a command with the files of a folder, if any were published to it. */
const ifAny = (folder: string, command: string) =>
  `if [ -n "$(ls -A ${folder} 2>/dev/null)" ]; then ${command}; fi`;

function s3(settings: readonly Setting[], option = ''): Upload {
  const to = `"s3://$BUNDLESEAL_BUCKET`;
  return {
    settings,
    steps: (channel) =>
      uploadStep(settings, [
        ifAny(
          'out/objects',
          `aws s3 cp out/objects/ ${to}/objects/" --recursive --cache-control "${IMMUTABLE}"${option}`,
        ),
        ifThere(
          `out/channels/${channel}.sealed`,
          `aws s3 cp out/channels/${channel}.sealed ${to}/channels/${channel}.sealed" --cache-control no-cache${option}`,
        ),
      ]),
  };
}

const AWS_KEYS = [
  secret('AWS_ACCESS_KEY_ID', 'may write objects of the bucket'),
  secret('AWS_SECRET_ACCESS_KEY', 'of that access key'),
];

const AZURE = [
  secret('AZURE_STORAGE_CONNECTION_STRING', 'of the storage account'),
  variable('BUNDLESEAL_CONTAINER', 'the name of the container'),
];

const RSYNC = [
  secret('BUNDLESEAL_SSH_KEY', 'a private SSH key that may write the folder'),
  variable('BUNDLESEAL_HOST_KEY', 'the line of the server for known_hosts'),
  variable('BUNDLESEAL_TARGET', 'for example deploy@example.com:/srv/store'),
];

const NETLIFY = [
  secret('NETLIFY_AUTH_TOKEN', 'a personal access token'),
  variable('NETLIFY_SITE_ID', 'the id of the site'),
];

const UPLOADS: Readonly<Record<StoreKind, Upload>> = {
  folder: {
    settings: [],
    steps:
      () => `      # Replace this step by the upload to your server: the objects first, then the index.
      - uses: ${UPLOAD_ARTIFACT}
        with:
          name: store
          path: out
`,
  },
  s3: s3([
    ...AWS_KEYS,
    variable('AWS_REGION', 'of the bucket'),
    variable('BUNDLESEAL_BUCKET', 'the name of the bucket'),
  ]),
  r2: s3(
    [
      ...AWS_KEYS,
      variable('R2_ENDPOINT', 'https://ACCOUNT.r2.cloudflarestorage.com'),
      variable('BUNDLESEAL_BUCKET', 'the name of the bucket'),
    ],
    ' --endpoint-url "$R2_ENDPOINT" --region auto',
  ),
  azure: {
    settings: AZURE,
    steps: (channel) =>
      uploadStep(AZURE, [
        ifAny(
          'out/objects',
          `az storage blob upload-batch --destination "$BUNDLESEAL_CONTAINER" --destination-path objects --source out/objects --content-cache-control "${IMMUTABLE}"`,
        ),
        ifThere(
          `out/channels/${channel}.sealed`,
          `az storage blob upload --container-name "$BUNDLESEAL_CONTAINER" --name channels/${channel}.sealed --file out/channels/${channel}.sealed --content-cache-control no-cache --overwrite`,
        ),
      ]),
  },
  gcs: {
    settings: [
      secret('GCP_CREDENTIALS', 'the JSON key of a service account that may write the bucket'),
      variable('BUNDLESEAL_BUCKET', 'the name of the bucket'),
    ],
    steps: (channel) => `      - uses: ${GCLOUD_AUTH}
        with:
          credentials_json: \${{ secrets.GCP_CREDENTIALS }}
${uploadStep(
  [variable('BUNDLESEAL_BUCKET', '')],
  [
    ifAny(
      'out/objects',
      `gcloud storage cp "out/objects/*" "gs://$BUNDLESEAL_BUCKET/objects/" --cache-control="${IMMUTABLE}"`,
    ),
    ifThere(
      `out/channels/${channel}.sealed`,
      `gcloud storage cp out/channels/${channel}.sealed "gs://$BUNDLESEAL_BUCKET/channels/${channel}.sealed" --cache-control=no-cache`,
    ),
  ],
)}`,
  },
  rsync: {
    settings: RSYNC,
    steps: (channel) =>
      uploadStep(RSYNC, [
        'mkdir -p ~/.ssh && chmod 700 ~/.ssh',
        'printf \'%s\\n\' "$BUNDLESEAL_HOST_KEY" > ~/.ssh/known_hosts',
        '(umask 077 && printf \'%s\\n\' "$BUNDLESEAL_SSH_KEY" > ~/.ssh/bundleseal)',
        'export RSYNC_RSH="ssh -i ~/.ssh/bundleseal"',
        ifAny('out/objects', 'rsync -a out/objects/ "$BUNDLESEAL_TARGET/objects/"'),
        ifThere(
          `out/channels/${channel}.sealed`,
          `rsync -a out/channels/${channel}.sealed "$BUNDLESEAL_TARGET/channels/"`,
        ),
      ]),
  },
  netlify: {
    settings: NETLIFY,
    isWhole: true,
    steps: () => `      - name: Deploy
        env:
${NETLIFY.map((one) => `          ${one.name}: ${expressionOf(one)}\n`).join('')}        run: npx --yes netlify-cli@23 deploy --prod --dir site --site "$NETLIFY_SITE_ID"
`,
  },
  'github-pages': {
    settings: [],
    isWhole: true,
    steps: () => `      - uses: ${UPLOAD_PAGES}
        with:
          path: site
`,
  },
};

/** Whether a deploy has the website and the store together. */
function deploysWebsite(answers: Answers): boolean {
  return UPLOADS[answers.store].isWhole === true && isWebsite(answers) && isBeside(answers);
}

/** The secrets and variables that the workflow needs. */
export function settingsOf(answers: Answers): Setting[] {
  return [
    secret('BUNDLESEAL_PRIVATE_KEY', 'the text of .bundleseal_key'),
    ...(answers.isProtected
      ? [secret('BUNDLESEAL_KEY_PASSPHRASE', 'the passphrase of the key')]
      : []),
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

export function workflowOf(project: Project, answers: Answers): string {
  const { dir, store, url, channel, appId, isProtected } = answers;
  const upload = UPLOADS[store];
  const isWhole = upload.isWhole === true;
  const isAll = deploysWebsite(answers);
  const settings = settingsOf(answers).map(
    ({ kind, name, about }) => `#   ${`${kind} ${name}`.padEnd(42)} ${about}`,
  );
  const passphrase = isProtected
    ? `          BUNDLESEAL_KEY_PASSPHRASE: \${{ secrets.BUNDLESEAL_KEY_PASSPHRASE }}\n`
    : '';
  const address = isBeside(answers) ? `\${{ vars.BUNDLESEAL_STORE_URL }}` : url;
  const { root, manager } = project;
  const folder =
    root === '.'
      ? ''
      : `    defaults:
      run:
        working-directory: ${folderFrom(root)}
`;
  return `# Builds the app, publishes it to the channel ${channel}, and uploads what is new. Written by "bundleseal init".
#
# The repository needs:
${settings.join('\n')}
#
# Start it by hand the first time, with "The channel is new". Later, commit and push a tag: npm version patch && git push --follow-tags
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
${isAll ? LAST_RELEASE : ''}      - uses: ${SETUP_NODE}
        with:
          node-version: 24
          package-manager-cache: false
      - run: ${manager.install}
      - run: npm run ${SCRIPTS.build}
${isAll ? '' : `        if: github.event_name != 'schedule'\n`}      - name: Publish, or refresh the index on a schedule
        env:
          BUNDLESEAL_PRIVATE_KEY: \${{ secrets.BUNDLESEAL_PRIVATE_KEY }}
${passphrase}          STORE_URL: ${address}
          CREATE: \${{ inputs.create }}
        run: |
          set -- --store out --from "$STORE_URL" --channel ${channel} --app-id ${appId}${isWhole ? ' --out full' : ''}
          if [ "$GITHUB_EVENT_NAME" = schedule ]; then
            npx bundleseal release refresh "$@"
          else
            if [ "$CREATE" = true ]; then set -- "$@" --create; fi
            npx bundleseal release publish ${dir} "$@"
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
const LAST_RELEASE = `          fetch-depth: 0
      - name: On a schedule, take the last release
        if: github.event_name == 'schedule'
        run: |
          if ! tag=$(git describe --tags --abbrev=0 --match 'v*'); then
            echo 'There is no tag, and without one this run would deploy commits that were not released. Commit your changes and push a tag: npm version patch && git push --follow-tags' >&2
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
    (_, before, path) => `${before}${folderFrom(root)}/${path}`,
  );
}

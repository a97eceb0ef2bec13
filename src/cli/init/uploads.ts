// Makes the steps of the workflow that upload to each kind of store, and lists the settings that they need.

import { IMMUTABLE } from '../../publish/paths.ts';
import type { StoreKind } from './answers.ts';

const UPLOAD_ARTIFACT = 'actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0';
const UPLOAD_PAGES =
  'actions/upload-pages-artifact@fc324d3547104276b827a68afc52ff2a11cc49c9 # v5.0.0';
const GCLOUD_AUTH = 'google-github-actions/auth@7c6bc770dae815cd3e89ee6cdf493a5fab2cc093 # v3.0.0';

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

export const secret = (name: string, about: string): Setting => ({ kind: 'secret', name, about });
export const variable = (name: string, about: string): Setting => ({
  kind: 'variable',
  name,
  about,
});

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
  variable('BUNDLESEAL_TARGET', 'for example deploy@example.com:/srv/www/updates'),
];

const NETLIFY = [
  secret('NETLIFY_AUTH_TOKEN', 'a personal access token'),
  variable('NETLIFY_SITE_ID', 'the id of the site'),
];

export const UPLOADS: Readonly<Record<StoreKind, Upload>> = {
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
          # The stamp lists hidden files too, such as .well-known: no browser installs the service worker without them.
          include-hidden-files: true
`,
  },
};

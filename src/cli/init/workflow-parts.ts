// Makes the job of the workflow that runs before all others, and the step that takes a release for the website.

import type { Manager } from '../package-manager.ts';
import { SCRIPTS } from '../release/settings.ts';
import type { Answers } from './answers.ts';
import type { Setting } from './uploads.ts';

/** Whether a run publishes a build. Other runs only change the index. */
export const PUBLISHES =
  "github.event_name != 'schedule' && inputs.withdraw == '' && inputs.promote == ''";

/** The name of the step that makes the folder of the website with the store below it. */
export const TOGETHER = 'Put the website and the store together';

interface Check {
  /** The address of the store, in YAML. */
  readonly address: string;
  readonly channel: string;
  readonly needed: readonly Setting[];
  /** The commands that push a tag, if a refresh deploys the website too. */
  readonly tag: string | undefined;
  /** The action that fetches the repository. */
  readonly checkout: string;
}

/**
 * Makes the job that stops a run whose variables are missing. The schedule starts before the first release too, so the job skips the
 * others then. It always runs: GitHub skips each job after one that was skipped, even if another job is between them.
 */
export function checkJob({ address, channel, needed, tag, checkout }: Check): string {
  const names = needed.flatMap(({ kind, name }) => (kind === 'variable' ? [name] : []));
  const fetched = `    permissions:
      contents: read
    steps:
      - uses: ${checkout}
        if: github.event_name == 'schedule'
        with:
          fetch-depth: 0
          persist-credentials: false
`;
  return `  check:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    outputs:
      skip: \${{ steps.index.outputs.skip }}
${tag === undefined ? '    steps:\n' : fetched}      - name: Look for the variables, and on a schedule for an index to refresh
        id: index
        env:
          STORE_URL: ${address}
${names.map((name) => `          ${name}: \${{ vars.${name} }}\n`).join('')}        run: |
          skip() {
            echo "::warning::$1"
            echo 'skip=true' >> "$GITHUB_OUTPUT"
            exit 0
          }
${names.length === 0 ? '' : missingVariables(names)}          if [ "$GITHUB_EVENT_NAME" != schedule ]; then exit 0; fi
          found=$(curl --silent --show-error --location --retry 3 --output /dev/null --write-out '%{http_code} %{content_type}' "\${STORE_URL%/}/channels/${channel}.sealed") || found=failed
          case "$found" in
            403* | 404* | 410* | '200 text/html'*)
              skip "There is no index of the channel ${channel} to refresh ($found). Publish a release first"
              ;;
          esac
${tag === undefined ? '' : missingTag(tag)}`;
}

const missingVariables = (names: readonly string[]) => `          missing=
          for name in ${names.join(' ')}; do
            if [ -z "\${!name}" ]; then missing="$missing $name"; fi
          done
          if [ -n "$missing" ]; then
            message="Variables of the repository are not set:$missing. Set them in Settings → Secrets and variables → Actions → Variables"
            if [ "$GITHUB_EVENT_NAME" = schedule ]; then skip "$message"; fi
            echo "::error::$message"
            exit 1
          fi
`;

const missingTag = (tag: string) => `          if [ -z "$(git tag --list 'v*')" ]; then
            skip 'There is no tag, so this run does not refresh the index: it would deploy commits that were not released. Push a tag: ${tag}'
          fi
`;

/**
 * Makes the step that builds the website for a run that publishes nothing. The website is the first build of new visitors, so the
 * step takes the release that devices prefer and not a withdrawn one or a commit that was not released.
 */
export function takeRelease(
  { execute, install, run, typed }: Manager,
  { channel, appId }: Answers,
): string {
  return `      - name: If this run publishes no build, build the first release that is not withdrawn
        if: github.event_name == 'schedule' || inputs.withdraw != '' || inputs.promote != ''
        run: |
          versions=$(${execute} bundleseal release list --store out --channel ${channel} --app-id ${appId} --json | node -p '
            const text = fs.readFileSync(0, "utf8");
            const { releases, withdrawn = [] } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
            releases.filter(({ id }) => !withdrawn.includes(id)).map(({ version }) => version).join("\\n")')
          tag=
          for version in $versions; do
            if git rev-parse --quiet --verify "refs/tags/v$version" > /dev/null; then tag="v$version"; break; fi
          done
          if [ -z "$tag" ]; then
            tag=$(git for-each-ref --count=1 --sort=-creatordate --format='%(refname:short)' 'refs/tags/v*')
            if [ -z "$tag" ]; then
              echo '::error::There is no tag, and without one this run would deploy commits that were not released. Repair the app, commit, and push a tag: ${typed.tag} && git push --follow-tags'
              exit 1
            fi
            offered=\${versions%%[[:space:]]*}
            if [ -n "$offered" ]; then
              end="To give them the release $offered, which the channel offers, push a tag of its commit: git tag v$offered COMMIT && git push origin v$offered"
            else
              end='Repair the app, commit, and push a tag: ${typed.tag} && git push --follow-tags'
            fi
            echo "::warning::The channel offers no release that has a tag, so new visitors get $tag, which is withdrawn or not in the index. $end"
          fi
          git checkout --quiet --force "$tag"
          ${install}
          ${run} ${SCRIPTS.build}
`;
}

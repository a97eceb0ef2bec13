// The results of commands about releases: the new offer of the index, and the files to upload in order.

import type { ChangedIndex } from '../../publish/change-index.ts';
import { nameOfRelease, withTime } from '../../publish/index-entries.ts';
import type { PublishedRelease } from '../../publish/offer-release.ts';
import type { ChannelOptions } from '../../publish/options.ts';
import { FULL_ROLLOUT, type ReleaseEntry, type ReleaseIndex } from '../../release/index-format.ts';
import type { Answer } from '../answer.ts';
import { bytes, inShell } from '../help.ts';
import { typedCommands } from '../package-manager.ts';
import type { Context } from '../terminal.ts';
import { shownDistance, shownShare } from '../units.ts';

/** Makes the result about a new or unchanged index. */
export function answerChange(
  { changed, index, written }: ChangedIndex,
  { store, from, out, dryRun = false }: ChannelOptions,
  keyFrom: string,
  about: { readonly json?: object; readonly lines?: readonly string[] } = {},
): Answer {
  const { channel, epoch, sequence, issuedAt, expiresAt } = index;
  const of = changed && epoch === 0 && sequence === 1 ? ', the first of this channel' : '';
  const did = dryRun ? `would be made${of}` : changed ? `made${of}` : 'no change';
  return {
    json: {
      ...{ changed, dryRun, channel, epoch, sequence, issuedAt, expiresAt, keyFrom },
      ...about.json,
      ...{ store, upload: written },
    },
    lines: [
      `✓ ${channel}  index ${sequence}: ${did}`,
      ...(about.lines ?? []),
      `  store    ${store}`,
      `  expires  ${expiresAt} (${shownDistance(expiresAt, Date.now())})`,
      ...uploadLines(written, from === undefined ? undefined : store, dryRun, out === 'full'),
    ],
  };
}

/**
 * Lists the order of the upload. If the folder is the store itself, it has been written in this order.
 */
function uploadLines(
  written: readonly string[],
  folder: string | undefined,
  dryRun: boolean,
  isFull: boolean,
): string[] {
  if (written.length === 0) return [];
  const objects = written.filter((path) => path.startsWith('objects/'));
  const rest = written.filter((path) => !path.startsWith('objects/'));
  const head = dryRun ? '  would write' : folder === undefined ? '  wrote' : '  upload';
  // Every run encrypts new objects with new session keys, so they get other digests, which are their names.
  const isRenamed = dryRun && objects.length > 0;
  const where = folder === undefined ? '' : dryRun ? ` into ${folder}` : ` from ${folder}`;
  const others = [
    ...(isRenamed ? ['gives new objects other names'] : []),
    // A dry run does not download the files in use.
    ...(dryRun && isFull ? ['with --out full also writes every file in use'] : []),
  ];
  const about = others.length === 0 ? '' : ` (a real run ${others.join(', and ')})`;
  return [
    `${head}${where}, in this order${about}:`,
    ...objects.map((path) => `    ${path}`),
    ...rest.map((path) => `    ${path}`),
  ];
}

/** The build that a command has published. It may be older than the sources of the app. */
interface PublishedBuild {
  /** The version that the caller or package.json gives it. */
  readonly version: string;
  /** The command that builds the app, if `init` wrote its script. */
  readonly build: string | undefined;
}

/**
 * Makes the result about a published or promoted release.
 *
 * @param built - The build, if the release comes from one.
 */
export function answerRelease(
  context: Context,
  published: PublishedRelease,
  options: ChannelOptions,
  keyFrom: string,
  built?: PublishedBuild,
): Answer {
  const { release, skipped, index, changed, sameVersion, renamedFrom } = published;
  const front = releaseBefore(release, index);
  const again = built && publishedAgain(published, front, built, toFront(release, options));
  if (again !== undefined) context.warn(again);
  if (changed && sameVersion.length > 0) {
    const others = index.releases.filter(({ id }) => sameVersion.includes(id)).map(withTime);
    context.warn(
      `${index.channel} has another release of version ${release.version}, ${others.join(', ')}: commands need the id to tell them apart. Change the version for each release: ${typedCommands().raise}, or --app-version`,
    );
  }
  return answerChange(published, options, keyFrom, {
    json: { release, skipped, sameVersion, ...(renamedFrom !== undefined && { renamedFrom }) },
    lines: [
      `  release  ${release.version}  ${release.id}`,
      ...(built !== undefined && again === undefined && !changed
        ? ['  The channel has this build. If the app has changed, build it and publish again.']
        : []),
      ...(front === undefined
        ? []
        : [
            `  order    stays behind ${nameOfRelease(front.id, index.releases)}, which devices prefer`,
            `           To put it in front, ${toFront(release, options)}`,
          ]),
      ...downloadLines(release, index),
      ...skipped.map(({ from, reason, message }) => {
        const why = message === undefined ? '' : ` (${message})`;
        return `  no patch from ${nameOfRelease(from, index.releases)}: ${reason}${why}`;
      }),
      ...attributeLines(release),
    ],
  });
}

/** Says how to put a release in front. With `--from`, the index that has the release is not uploaded yet. */
function toFront({ id }: ReleaseEntry, { from, dryRun = false }: ChannelOptions): string {
  if (dryRun || from !== undefined) return 'run this command again with --first';
  return `run npx bundleseal release promote ${id.slice(0, 8)} --first`;
}

/** Makes the warning about a build that the channel has under another version. */
function publishedAgain(
  { release, index, renamedFrom }: PublishedRelease,
  front: ReleaseEntry | undefined,
  { version, build }: PublishedBuild,
  inFront: string,
): string | undefined {
  const isKept = release.version !== version;
  if (!isKept && renamedFrom === undefined) return undefined;
  const said = isKept
    ? `this build is release ${release.version} of the channel, and keeps that version`
    : `this build was published before, as ${renamedFrom}: its entry now says ${version}`;
  if (front !== undefined) {
    return `${said}. It stays behind ${nameOfRelease(front.id, index.releases)}, which devices prefer. If that release is broken, run npx bundleseal release withdraw ${front.id.slice(0, 8)}; to keep it in the channel, ${inFront}`;
  }
  if (isKept) {
    const next = build === undefined ? 'build it' : `run ${build}`;
    const { releases } = index;
    // Nothing in front of the release is offered, so each release there is withdrawn.
    const gone = releases.slice(
      0,
      releases.findIndex(({ id }) => id === release.id),
    );
    const runs =
      gone.length === 0
        ? ''
        : `. Devices run it, because the releases in front of it are withdrawn (${gone.map(({ version: newer }) => newer).join(', ')}). If you only removed their fault from the app, there is nothing to publish`;
    return `${said}: nothing new was built since${runs}. If the app has changed, ${next} and publish again; to give this release the version ${version}, pass --app-version ${inShell(version)}`;
  }
  return `${said}, and devices that have it download nothing. If the app was not built since it changed, first publish this build once more with --app-version ${inShell(renamedFrom ?? '')}, which gives it its version back; then build the app and publish it`;
}

/**
 * Lists the releases that devices may install after theirs was withdrawn, in order, up to the first one that suits every device.
 * A device installs no release that was made before its built-in release, and none whose rollout is 0.
 */
function offeredIn({ releases, withdrawn = [], useBuiltIn }: ReleaseIndex): ReleaseEntry[] {
  if (useBuiltIn === true) return [];
  const left = releases.filter(({ id, rollout }) => !withdrawn.includes(id) && rollout !== 0);
  const suitsAll = ({ runtime, requires, rollout = FULL_ROLLOUT }: ReleaseEntry) =>
    runtime === undefined && requires === undefined && rollout === FULL_ROLLOUT;
  const at = left.findIndex(suitsAll);
  return at === -1 ? left : left.slice(0, at + 1);
}

/** Makes the result about a withdrawal, which says what devices run next. */
export function answerWithdrawal(
  context: Context,
  changed: ChangedIndex,
  options: ChannelOptions,
  keyFrom: string,
  release: string,
): Answer {
  const { index } = changed;
  const { channel, releases, withdrawn = [], useBuiltIn } = index;
  const offered = offeredIn(index);
  const names = offered.map(({ id }) => nameOfRelease(id, releases));
  if (useBuiltIn !== true && offered.length === 0) {
    const isStopped = releases.some(({ id }) => !withdrawn.includes(id));
    context.warn(
      `${channel} offers no release now: devices that run a withdrawn release go back to their built-in release, and no device gets an update until the next npx bundleseal release publish${isStopped ? ' or npx bundleseal release rollout' : ''}`,
    );
  }
  const choice =
    names.length > 1
      ? `the first of these that suits them and has not failed on them: ${names.join(', ')}`
      : names[0] && `${names[0]}, unless it has failed on them`;
  return answerChange(changed, options, keyFrom, {
    json: { withdrawn, next: offered.map(({ id }) => id) },
    lines: [
      `  withdrawn ${release}`,
      choice === undefined
        ? `  next     ${useBuiltIn === true ? 'every device runs its' : 'devices that run it go back to their'} built-in release`
        : `  next     devices that run it take ${choice}.`,
      ...(choice === undefined
        ? []
        : ['           If their built-in release is newer, they go back to that release.']),
      '           A device changes at the start after its next check.',
    ],
  });
}

/** Makes the result about a changed share, which says what devices do. */
export function answerRollout(
  context: Context,
  changed: ChangedIndex,
  options: ChannelOptions,
  keyFrom: string,
  { id, version }: ReleaseEntry,
  rollout: number,
): Answer {
  const { index } = changed;
  const isWithdrawn = index.withdrawn?.includes(id) === true;
  if (isWithdrawn) {
    context.warn(
      `${version} is withdrawn, so no device takes it at any rollout: to offer it again, run npx bundleseal release promote ${id.slice(0, 8)} --first --reinstate --rollout ${shownShare(rollout)}`,
    );
  } else if (index.useBuiltIn !== true && offeredIn(index).length === 0) {
    context.warn(
      `${index.channel} offers no release now: every device keeps its release, unless it is withdrawn, and a new installation runs its built-in release. To offer ${version} again, run npx bundleseal release rollout with a higher share; to make devices leave it, run npx bundleseal release withdraw ${id.slice(0, 8)}`,
    );
  }
  return answerChange(changed, options, keyFrom, {
    json: { release: { id, version }, rollout },
    lines: [
      `  release  ${version}  ${id}`,
      `  rollout  ${shownShare(rollout)} of the devices${rollout === 0 && !isWithdrawn ? '; devices that run it keep it' : ''}`,
    ],
  });
}

/** Returns the first release that is not withdrawn if the index lists it before the given one. Devices prefer it. */
function releaseBefore(
  { id }: ReleaseEntry,
  { releases, withdrawn = [] }: ReleaseIndex,
): ReleaseEntry | undefined {
  const first = releases.find((one) => !withdrawn.includes(one.id));
  return first?.id === id ? undefined : first;
}

/** Lists the downloads for a release: the bundle and its patches. */
export function downloadLines({ bundle, patches }: ReleaseEntry, index: ReleaseIndex): string[] {
  return [
    `  bundle   ${bytes(bundle.size)}`,
    ...patches.map(
      ({ from, size }) => `  patch    ${bytes(size)} from ${nameOfRelease(from, index.releases)}`,
    ),
  ];
}

/** Lists the same downloads, with all patches on one line. */
export function shortDownloadLines(release: ReleaseEntry, index: ReleaseIndex): string[] {
  const patches = release.patches.map(
    ({ from, size }) => `${bytes(size)} from ${nameOfRelease(from, index.releases)}`,
  );
  return [
    `  bundle   ${bytes(release.bundle.size)}`,
    ...(patches.length > 0 ? [`  patches  ${patches.join(', ')}`] : []),
  ];
}

export function attributeLines(release: ReleaseEntry): string[] {
  const { runtime, requires, rollout = FULL_ROLLOUT, mandatory, note } = release;
  return [
    ...(rollout < FULL_ROLLOUT ? [`  rollout  ${shownShare(rollout)} of the devices`] : []),
    ...(runtime ? [`  runtime  ${runtime.join(', ')}`] : []),
    ...(requires ? [`  requires ${requires.join(', ')}`] : []),
    ...(mandatory === true ? ['  mandatory'] : []),
    ...(note ? [`  note     ${note}`] : []),
  ];
}

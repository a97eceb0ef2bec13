// Reads the answers of an earlier init from package.json, and formats them for it.
//
// package.json is the only source, because git has it: the record is on one machine alone, and after a `git pull` it would
// disagree with the modules and the workflow that a colleague has changed.

import { UsageError } from '../answer.ts';
import { SETTINGS } from '../release/settings.ts';
import {
  ABOUT_FRAMEWORKS,
  ABOUT_STORES,
  type AnswerFlags,
  type Answers,
  CI,
  checkDir,
  checkedAppId,
  checkedChannel,
  checkUrl,
  type Earlier,
  namesOf,
  oneOf,
} from './answers.ts';
import { ELECTRON_FOLDER } from './native.ts';
import { readText } from './read.ts';
import { APP_FOLDER, INIT_MARK } from './website.ts';

/** The member with the answers that no command for releases reads. */
export const INIT_MEMBER = 'init';

/** Writes the answers as the flags that give them. No answer contains a space. */
export function answersAsFlags(answers: Answers): string {
  const { dir, framework, store, url, ci, isProtected } = answers;
  const flags = `--dir ${dir} --framework ${framework} --store ${store} --url ${url} --ci ${ci}`;
  return isProtected ? `${flags} --keys protect` : flags;
}

/**
 * Returns the answers of the earlier run. They pass the checks of flags, because package.json may come with a cloned project and
 * the answers become code and commands.
 *
 * @param packageText - The text of package.json, an object whose member `bundleseal` is an object if it is there.
 * @throws {@link UsageError} if an answer is none that a flag could give.
 */
export function earlierAnswers(packageText: string): Earlier {
  const content = JSON.parse(packageText.replace(/^\ufeff/, ''));
  const settings: Readonly<Record<string, unknown>> = Object.hasOwn(content, SETTINGS)
    ? content[SETTINGS]
    : {};
  const appId = textOf(settings, 'appId');
  const channel = textOf(settings, 'channel');
  const init = textOf(settings, INIT_MEMBER);
  return {
    ...(appId !== undefined && { appId: checked('appId', () => checkedAppId(appId)) }),
    ...(channel !== undefined && { channel: checked('channel', () => checkedChannel(channel)) }),
    ...(init !== undefined && checked(INIT_MEMBER, () => answersOf(init))),
  };
}

/** All answers of the earlier run. Returns `undefined` if package.json lacks one. */
export function wholeAnswers(earlier: Earlier): Answers | undefined {
  const { dir, framework, store, url, channel, appId, ci, isProtected = false } = earlier;
  if (dir === undefined || framework === undefined || store === undefined) return undefined;
  if (url === undefined || ci === undefined) return undefined;
  if (channel === undefined || appId === undefined) return undefined;
  return { dir, framework, store, url, channel, appId, ci, isProtected, keys: 'use' };
}

/**
 * Refuses to guess what devices of an earlier set-up read: with another address, channel or app they would take no update any
 * more.
 *
 * @throws {@link UsageError} if an updater of init is here, and neither package.json nor a flag has one of these answers.
 */
export async function checkNothingIsGuessed(earlier: Earlier, flags: AnswerFlags): Promise<void> {
  const missing = [
    ...(['store', 'url', 'channel'] as const).map((name) => [name, `--${name}`] as const),
    ['appId', '--app-id'] as const,
  ].flatMap(([name, flag]) =>
    earlier[name] === undefined && flags[name] === undefined ? [flag] : [],
  );
  if (missing.length === 0) return;
  const modules = ['ts', 'js'].map((end) => `${APP_FOLDER}/updater.${end}`);
  for (const path of [...modules, `${ELECTRON_FOLDER}/updater.mjs`]) {
    if (!(await readText(path))?.includes(INIT_MARK)) continue;
    throw new UsageError(
      `${path} is of an earlier init, and the member "${SETTINGS}" of package.json lacks some of its answers: pass ${missing.join(', ')} as they are in ${path} and in the workflow`,
    );
  }
}

/** An answer that is not the one of the earlier run. */
export interface ChangedAnswer {
  readonly answer: string;
  readonly from: string;
  readonly to: string;
}

/** Lists the answers that differ from those of the earlier run. */
export function changedAnswers(earlier: Earlier, answers: Answers): ChangedAnswer[] {
  const names = ['dir', 'framework', 'store', 'url', 'channel', 'appId', 'ci'] as const;
  return names.flatMap((answer) => {
    const [from, to] = [earlier[answer], answers[answer]];
    return from === undefined || from === to ? [] : [{ answer, from, to }];
  });
}

function answersOf(text: string): Earlier {
  const words = text.split(' ');
  const flags = new Map<string, string>();
  for (let at = 0; at < words.length; at += 2) {
    const [flag, value] = words.slice(at, at + 2) as [string, string | undefined];
    if (value === undefined || !FLAGS.includes(flag) || flags.has(flag)) {
      throw new UsageError(`takes ${FLAGS.join(', ')}, each once and with a value`);
    }
    flags.set(flag, value);
  }
  const givenTo = (flag: string) => {
    const value = flags.get(flag);
    if (value === undefined) throw new UsageError(`needs ${flag}`);
    return value;
  };
  const framework = oneOf('--framework', namesOf(ABOUT_FRAMEWORKS), givenTo('--framework'));
  const keys = flags.get('--keys');
  return {
    dir: checkDir(givenTo('--dir')),
    framework,
    store: oneOf('--store', namesOf(ABOUT_STORES), givenTo('--store')),
    url: checkUrl(givenTo('--url'), framework),
    ci: oneOf('--ci', CI, givenTo('--ci')),
    isProtected: keys !== undefined && oneOf('--keys', ['protect'], keys) === 'protect',
  };
}

const FLAGS: readonly string[] = ['--dir', '--framework', '--store', '--url', '--ci', '--keys'];

function textOf(settings: Readonly<Record<string, unknown>>, name: string): string | undefined {
  if (!Object.hasOwn(settings, name)) return undefined;
  const value = settings[name];
  if (typeof value === 'string') return value;
  throw new UsageError(`package.json: ${SETTINGS}.${name} has to be a text`);
}

/** Names the place in the error, because the user has passed no flag. */
function checked<T>(name: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const why = name === INIT_MEMBER ? `: ${error.message}` : error.message.replace(/^\S+/, '');
    throw new UsageError(`package.json: ${SETTINGS}.${name}${why}`);
  }
}

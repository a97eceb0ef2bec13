// Answers the questions of init: from flags, else by asking on the terminal, else as in the earlier run, else by detection.

import { isChannel } from '../../publish/paths.ts';
import { UsageError } from '../answer.ts';
import { escapeInvisible } from '../print.ts';
import { answered, type Context, loadQuestions } from '../terminal.ts';
import type { Framework } from './folders.ts';
import type { Project } from './project.ts';

export type StoreKind =
  | 'folder'
  | 's3'
  | 'r2'
  | 'azure'
  | 'gcs'
  | 'rsync'
  | 'netlify'
  | 'github-pages';

type KeyChoice = 'create' | 'protect' | 'use';

export const CI = ['github', 'none'] as const;

/** The flags that answer questions. */
export interface AnswerFlags {
  readonly dir?: string;
  readonly framework?: string;
  readonly store?: string;
  readonly url?: string;
  readonly channel?: string;
  readonly keys?: string;
  readonly appId?: string;
  readonly ci?: string;
}

export interface Answers {
  readonly dir: string;
  readonly framework: Framework;
  readonly store: StoreKind;
  /** The address of the store for devices, or a path relative to the app's own address. */
  readonly url: string;
  readonly channel: string;
  readonly keys: KeyChoice;
  readonly isProtected: boolean;
  readonly appId: string;
  readonly ci: (typeof CI)[number];
}

/** The answers of an earlier run. Absent members: package.json does not have them. */
export type Earlier = Partial<Omit<Answers, 'keys'>>;

/** Whether the app is a website, which a service worker updates. */
export function isWebsite({ framework }: Pick<Answers, 'framework'>): boolean {
  return framework !== 'capacitor' && framework !== 'electron';
}

/** Whether devices read the store below the website's own address. */
export function isBeside({ url }: Pick<Answers, 'url'>): boolean {
  return !/^https?:/.test(url);
}

export const ABOUT_STORES: Readonly<Record<StoreKind, string>> = {
  folder: 'a folder that you upload yourself, to any server',
  s3: 'Amazon S3',
  r2: 'Cloudflare R2',
  azure: 'Azure Blob Storage',
  gcs: 'Google Cloud Storage',
  rsync: 'a server of your own, by rsync from GitHub Actions',
  netlify: 'Netlify',
  'github-pages': 'GitHub Pages',
};

const ABOUT_KEYS: Readonly<Record<KeyChoice, string>> = {
  create: 'make a pair',
  protect: 'make a pair with a passphrase',
  use: 'use the pair in this folder',
};

export const ABOUT_FRAMEWORKS: Readonly<Record<Framework, string>> = {
  vite: 'Vite',
  next: 'Next.js, exported',
  angular: 'Angular',
  cra: 'Create React App',
  sveltekit: 'SvelteKit, static',
  capacitor: 'Capacitor',
  electron: 'Electron',
  static: 'another one, or none',
};

const ADDRESS = {
  website: 'Address of the store, for devices: a path below the website, or an https address',
  app: 'Address of the store, for devices: an https address',
};

export const namesOf = <T extends string>(about: Readonly<Record<T, string>>) =>
  Object.keys(about) as T[];

/**
 * Answers every question.
 *
 * @param asks - Whether to ask on the terminal. Otherwise questions without a flag get the earlier answer, else the detected one.
 * @param earlier - The answers of the earlier run, which are proposed instead of the detected ones.
 * @throws {@link UsageError} if an answer is invalid, or a question without a default has no answer.
 */
export async function answer(
  context: Context,
  project: Project,
  flags: AnswerFlags,
  asks: boolean,
  earlier: Earlier,
): Promise<Answers> {
  const ask = asks ? asking(context) : undefined;
  const folder = earlier.dir ?? project.dir;
  const dir = checkDir(
    flags.dir ?? (await ask?.text('Build folder of the app', folder, checkDir)) ?? folder,
  );
  const framework = await choose(
    '--framework',
    'Framework',
    ABOUT_FRAMEWORKS,
    namesOf(ABOUT_FRAMEWORKS),
    flags.framework,
    earlier.framework ?? project.framework,
  );
  const store = await choose(
    '--store',
    'Where the updates are stored',
    ABOUT_STORES,
    namesOf(ABOUT_STORES),
    flags.store,
    earlier.store ?? storeOf(project),
  );
  const isWeb = isWebsite({ framework });
  // An app that was a website before may have a path, which no app for phones or desktops can read.
  const isUsable = earlier.url !== undefined && (isWeb || !isBeside({ url: earlier.url }));
  const place = isUsable ? earlier.url : isWeb ? 'updates/' : undefined;
  const checkAddress = (text: string | undefined) => checkUrl(text, framework);
  const where = ADDRESS[isWeb ? 'website' : 'app'];
  const url = checkAddress(
    flags.url ?? (await ask?.text(where, place, checkAddress, 'https://')) ?? place,
  );
  const followed = earlier.channel ?? 'production';
  const channel = checkedChannel(
    flags.channel ??
      (await ask?.text(
        'Channel: devices of a channel get its releases',
        followed,
        checkedChannel,
      )) ??
      followed,
  );
  const hasKeys = project.keys === 'here';
  const known = namesOf(ABOUT_KEYS).filter((one) => (one === 'use') === hasKeys);
  const keys = await choose(
    '--keys',
    'Keys',
    ABOUT_KEYS,
    known,
    flags.keys,
    hasKeys ? 'use' : 'create',
  );
  const appId = checkedAppId(
    flags.appId ?? earlier.appId ?? project.configuredAppId ?? project.name,
  );
  const ci = oneOf('--ci', CI, flags.ci ?? earlier.ci ?? ciOf(project, store).ci);
  // A clone lacks the private key, so that only the earlier run can tell.
  const isPresentProtected = project.isKeyProtected ?? earlier.isProtected ?? false;
  const isProtected = keys === 'protect' || (keys === 'use' && isPresentProtected);
  return { dir, framework, store, url, channel, keys, isProtected, appId, ci };

  async function choose<T extends string>(
    flag: string,
    question: string,
    about: Readonly<Record<T, string>>,
    known: readonly T[],
    given: string | undefined,
    detected: T,
  ): Promise<T> {
    if (given !== undefined) return oneOf(flag, known, given);
    // Does not ask if there is only one possible answer.
    if (ask === undefined || known.length === 1) return detected;
    return ask.select(question, known, about, detected);
  }
}

function storeOf({ hasNetlify, hosting, framework }: Project): StoreKind {
  if (hasNetlify) return 'netlify';
  return hosting === 'github' && isWebsite({ framework }) ? 'github-pages' : 'folder';
}

/**
 * Detects whether the app gets a workflow, and says why. Without GitHub, an app that is stored in a folder is published on this
 * machine. Files get to every other kind of store by the workflow.
 */
export function ciOf(
  { hosting, hasGitHubFolder }: Project,
  store: StoreKind,
): { readonly ci: Answers['ci']; readonly reason: string } {
  const github = (why: string) =>
    ({ ci: 'github', reason: `chosen because ${why}; --ci none writes no workflow` }) as const;
  const none = (why: string) =>
    ({
      ci: 'none',
      reason: `chosen because ${why}; --ci github writes a workflow for GitHub Actions`,
    }) as const;
  if (hosting === 'other') return none('the repository has a remote on another host than GitHub');
  if (hosting === 'github') return github('the repository has a remote on github.com');
  if (hasGitHubFolder) return github('there is a folder .github');
  if (store !== 'folder') return github(`a workflow uploads to the store ${store}`);
  return none('there is no remote on github.com, and you upload the folder yourself');
}

/** Says why `answer` proposes a kind of store, and how to choose another one. */
export function reasonOfStore(project: Project): string {
  const reasons: Partial<Record<StoreKind, string>> = {
    netlify: 'there is a netlify.toml',
    'github-pages': 'the repository has a remote on github.com',
  };
  const detected = storeOf(project);
  const known = namesOf(ABOUT_STORES).filter((kind) => kind !== detected);
  const reason = reasons[detected] ?? 'init has detected no host for the published files';
  return `chosen because ${reason}; --store takes another one: ${known.join(', ')}`;
}

export function oneOf<T extends string>(flag: string, known: readonly T[], value: string): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  const why =
    flag === '--keys' && Object.hasOwn(ABOUT_KEYS, value)
      ? value === 'use'
        ? ', because this folder has no key pair'
        : ', because this folder has a key pair, and init replaces no key'
      : '';
  throw new UsageError(`${flag} takes ${known.join(', ')}${why}; got ${JSON.stringify(value)}`);
}

// Checks values that are written into scripts of package.json, modules and a workflow, where quotes, spaces and
// dollar signs have a special meaning.

export function checkDir(text: string): string {
  const dir = text
    .replaceAll('\\', '/')
    .replace(/^(\.\/)+/, '')
    .replace(/\/+$/, '');
  if (/^[\w@.-]+(\/[\w@.-]+)*$/.test(dir) && !/(^|\/)\.\.?(\/|$)/.test(dir)) return dir;
  throw new UsageError(
    `--dir takes the build folder, below this folder and of the characters A-Z a-z 0-9 . _ @ - and /; got ${JSON.stringify(text)}`,
  );
}

export function checkUrl(text: string | undefined, framework: Framework): string {
  const isWeb = isWebsite({ framework });
  const given = text?.trim() ?? '';
  const isAddress = /^https:\/\/[\w.:-]+(\/[\w.~%@-]+)*\/?$/.test(given) && URL.canParse(given);
  if (isAddress) return given.endsWith('/') ? given : `${given}/`;
  const path = given.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
  if (isWeb && /^[\w.-]+(\/[\w.-]+)*$/.test(path) && !/(^|\/)\.\.?(\/|$)/.test(path))
    return `${path}/`;
  if (/^http:/i.test(given)) {
    throw new UsageError(
      `--url takes an address with https://, because anyone on the network can block updates over http://; got ${JSON.stringify(given)}`,
    );
  }
  throw new UsageError(
    `--url takes the address at which devices read the store, such as https://updates.example.com/app/${isWeb ? ', or a path below the website, such as updates/' : ''}${given === '' && !isWeb ? `; ${ABOUT_FRAMEWORKS[framework]} has no default` : `; got ${JSON.stringify(given)}`}`,
  );
}

export function checkedChannel(text: string): string {
  if (isChannel(text)) return text;
  throw new UsageError(
    `--channel takes 1 to 64 of the characters A-Z a-z 0-9 . _ -, beginning with a letter or a digit, and no name that Windows reserves, such as con; got ${JSON.stringify(text)}`,
  );
}

export function checkedAppId(text: string): string {
  if (/^@?[A-Za-z0-9][\w.@/-]{0,199}$/.test(text)) return text;
  throw new UsageError(
    `--app-id takes letters, digits and . _ @ / -, such as com.example.app; got ${JSON.stringify(text)}`,
  );
}

interface Asking {
  /**
   * Asks again as long as `check` throws. An empty line takes the offered answer.
   *
   * @param start - What the line begins with if no answer is offered.
   */
  text(
    question: string,
    offered: string | undefined,
    check: (given: string) => string,
    start?: string,
  ): Promise<string>;
  select<T extends string>(
    question: string,
    known: readonly T[],
    about: Readonly<Record<T, string>>,
    offered: T,
  ): Promise<T>;
}

const ABOUT_CONSENT = {
  write: 'Write it',
  show: 'Show every line first',
  leave: 'Write nothing',
} as const;

/**
 * Asks whether to write the files. A user can look at all of them first.
 *
 * @param showAll - Shows every line.
 */
export async function askToWrite(context: Context, showAll: () => void): Promise<boolean> {
  for (;;) {
    const known = namesOf(ABOUT_CONSENT);
    const answer = await asking(context).select('Write it?', known, ABOUT_CONSENT, 'write');
    if (answer !== 'show') return answer === 'write';
    showAll();
  }
}

/** The message that an answer is refused with. A question has no flag, so the message does not name one. */
function mistakeIn(given: string, check: (given: string) => string): string | undefined {
  try {
    check(given);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError)
      return escapeInvisible(error.message.replace(/^--\w+ takes /, 'Type '));
    throw error;
  }
}

function asking({ signal }: Context): Asking {
  const common = { output: process.stderr, signal };
  return {
    async text(question, offered, check, start = '') {
      const { text } = await loadQuestions();
      // An Enter that is typed before the question appears empties its line. The placeholder then shows the offered answer.
      const shown = offered ?? start;
      const whole = (typed: string | undefined) => typed || (offered ?? '');
      const given = await text({
        message: escapeInvisible(question),
        initialValue: shown,
        placeholder: shown,
        validate: (typed) => mistakeIn(whole(typed), check),
        ...common,
      });
      return whole(answered(given));
    },
    async select(question, known, about, offered) {
      const { select } = await loadQuestions();
      const options = known.map((value) => ({ value: value as string, label: about[value] }));
      const given = await select({
        message: question,
        options,
        initialValue: offered as string,
        ...common,
      });
      return answered(given) as (typeof known)[number];
    },
  };
}

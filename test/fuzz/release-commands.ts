// Random sequences of the release commands over a store in a folder, and faults of that folder.

import { createHash, createPrivateKey } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { APP, buildOf, privateKey, publicKey } from '../support/publish.ts';
import { keyA, keyB } from '../support/vectors.ts';

export const CHANNELS = ['production', 'beta'] as const;
export type Channel = (typeof CHANNELS)[number];

const BUILDS = 4;
export const STORE = 'store';
export const APART = 'apart';
export const PASSPHRASE = 'correct horse battery staple';
const LOCK = '.publish.lock';

/** The fault of the store during one command. */
export interface Fault {
  readonly kind:
    | 'flip'
    | 'cut'
    | 'empty'
    | 'missing'
    | 'folder'
    | 'loop'
    | 'dangling'
    | 'random'
    | 'exchanged'
    | 'lock folder'
    | 'old lock'
    | 'foreign index'
    | 'no store'
    | 'file as store';
  /** Chooses the file. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** One command, or a change of the clock. */
export interface Step {
  readonly verb: Verb;
  readonly channel: Channel;
  readonly build: number;
  readonly share: number;
  readonly keep: number;
  /** Hours by which the clock advances before the command. */
  readonly hours: number;
  readonly isApart: boolean;
  readonly flags: readonly (readonly string[])[];
  /** Arguments that the command does not expect. */
  readonly odd: readonly string[];
  readonly fault: Fault | undefined;
}

type Verb =
  | 'publish'
  | 'list'
  | 'rollout'
  | 'withdraw'
  | 'promote'
  | 'refresh'
  | 'verify'
  | 'prune'
  | 'stamp'
  | 'id'
  | 'keys';

const VERBS: readonly Verb[] = [
  ...(['publish', 'publish', 'publish', 'publish', 'list', 'rollout', 'withdraw'] as const),
  ...(['promote', 'promote', 'refresh', 'verify', 'prune', 'stamp', 'id', 'keys'] as const),
];

/** The commands that write no index. */
export const READING: readonly string[] = ['list', 'verify', 'stamp', 'id'];

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom<Fault['kind']>(
    ...(['flip', 'cut', 'empty', 'missing', 'folder', 'loop', 'dangling', 'random'] as const),
    ...(['exchanged', 'lock folder', 'old lock', 'foreign index', 'no store'] as const),
    'file as store',
  ),
  at: fc.nat(1_000_000),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
});

// Flags that several commands have, with values that they accept.
const FLAGS: readonly (readonly string[])[] = [
  ['--dry-run'],
  ['--json'],
  ['--quiet'],
  ['--expires', '90m'],
  ['--expires', '60d'],
  ['--force'],
  ['--key', '.bundleseal_key'],
  ['--key', 'second'],
  ['--key', 'locked'],
  ['--key-command', 'cat second'],
  ['--public-key', 'second.pub'],
  ['--earlier-epoch', 'keep'],
  ['--earlier-epoch', 'drop'],
];

const PUBLISHING: readonly (readonly string[])[] = [
  ['--first'],
  ['--reinstate'],
  ['--mandatory'],
  ['--note', 'Grüße\nund mehr'],
  ['--runtime', '3'],
  ['--requires', 'camera'],
  ['--meta', 'package.json'],
  ['--patches', '0'],
  ['--patches', '2'],
  ['--built-in', 'build1'],
  ['--built-in', 'build2/bundleseal-release.json'],
  ['--create'],
];

const ALL_FLAGS = [...FLAGS, ...PUBLISHING];

/** A command takes its private key from one place. */
function nameOneKey(flags: readonly (readonly string[])[]): boolean {
  return flags.filter(([flag]) => flag === '--key' || flag === '--key-command').length <= 1;
}

/** Wrong arguments of a command. None of them names a path outside of the project. */
const ODD: readonly string[] = [
  ...[
    '--store',
    '--from',
    '--channel',
    '--release',
    '--rollout',
    '--keep',
    '--patches',
    '--expires',
  ],
  ...['--meta', '--note', '--app-id', '--app-version', '--key', '--key-data', '--out', '--retire'],
  ...['--recovery-key', '--public-key', '--built-in', '--runtime', '--other-channel', '--no-such'],
  ...[
    '--use-built-in',
    '--no-use-built-in',
    '--create',
    '--no-project',
    '--no-index',
    '--no-files',
  ],
  ...[
    '',
    ' ',
    '-1',
    '0',
    '1e3',
    '101%',
    '25%',
    '99999999999999999999',
    'NaN',
    '0x10',
    '3.5d',
    '1000w',
  ],
  ...[
    'production',
    'beta',
    'Beta',
    'con',
    '.hidden',
    'a/b',
    'a\u202eb',
    '\u009b2J',
    'x'.repeat(5000),
  ],
  ...[
    'full',
    'new',
    'build1',
    'build9',
    'store',
    'package.json',
    'second',
    'second.pub',
    'recovery',
  ],
  ...['https://', 'http://127.0.0.1:9/', 'ftp://host/x', 'file:///x', 'a'.repeat(64), keyA.pkcs8],
];

const step: fc.Arbitrary<Step> = fc.record({
  verb: fc.constantFrom(...VERBS),
  channel: fc.constantFrom(...CHANNELS),
  build: fc.integer({ min: 1, max: BUILDS }),
  share: fc.constantFrom(0, 2.5, 25, 100),
  keep: fc.integer({ min: 1, max: 3 }),
  hours: fc.constantFrom(0, 0, 1, 24, 24 * 20, 24 * 50, -0.5),
  isApart: fc.boolean(),
  flags: fc.subarray(ALL_FLAGS as string[][], { maxLength: 4 }).filter(nameOneKey),
  odd: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...ODD), { minLength: 1, maxLength: 4 }) },
  ),
  fault: fc.option(fault, { freq: 2, nil: undefined }),
});

const first = step.map(
  (one): Step => ({
    ...one,
    ...{ verb: 'publish', hours: 0, isApart: false, flags: [], odd: [], fault: undefined },
  }),
);

/** A store without an index counts as a new store, and no index names its objects then. */
const isPossible = ({ verb, fault: one }: Step) => verb !== 'prune' || one?.kind !== 'missing';

export const sequences: fc.Arbitrary<Step[]> = fc
  .tuple(first, fc.array(step.filter(isPossible), { minLength: 4, maxLength: 12 }))
  .map(([one, rest]) => [one, ...rest]);

/** The arguments of a step. */
export function argumentsOf(one: Step): string[] {
  const { verb, channel, build, share, keep, isApart, odd } = one;
  const isSigning = !READING.includes(verb) && !['prune', 'keys'].includes(verb);
  const store = isApart && isSigning ? ['--store', APART, '--from', STORE] : ['--store', STORE];
  const flags = one.flags.flatMap((pair) => {
    const [flag] = pair as [string];
    if (flag === '--json' || flag === '--quiet') return pair;
    if (flag === '--dry-run') return isSigning || verb === 'prune' || verb === 'keys' ? pair : [];
    if (PUBLISHING.includes(pair)) return verb === 'publish' || verb === 'promote' ? pair : [];
    return isSigning ? pair : [];
  });
  const to = [...store, '--channel', channel];
  const version = `1.0.${build}`;
  const own: Readonly<Record<Step['verb'], readonly string[]>> = {
    publish: [
      ...[`build${build}`, ...to, '--app-version', version, '--rollout', `${share}%`],
      ...['--keep', `${keep}`],
    ],
    list: to,
    rollout: [`${share}%`, ...to],
    withdraw: [version, ...to],
    promote: [...to, '--from-channel', channel === 'beta' ? 'production' : 'beta'],
    refresh: to,
    verify: store,
    prune: store,
    stamp: [`build${build}`, ...to],
    id: [`build${build}`],
    keys: [
      ...[...store, '--recovery-key', 'recovery', '--public-key', 'second.pub'],
      ...(share > 25 ? ['--public-key'] : ['--retire']),
      '.bundleseal_key.pub',
    ],
  };
  return ['release', verb, ...own[verb], ...flags, ...odd];
}

/** Makes the project that every sequence starts in. */
export function prepareProject(folder: string, secondKey: string, secondPublicKey: string): void {
  const put = (name: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  put('.bundleseal_key', privateKey);
  put('.bundleseal_key.pub', publicKey);
  put('second', secondKey);
  put('second.pub', secondPublicKey);
  const locked = {
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: PASSPHRASE,
  } as const;
  put('locked', createPrivateKey(keyB.pkcs8).export(locked));
  put('recovery', keyA.pkcs8);
  put('.bundleseal_recovery_key.pub', keyA.spki);
  put('capacitor.config.json', JSON.stringify({ appId: APP }));
  put('package.json', '{ "version": "2.0.0" }');
  for (let n = 1; n <= BUILDS; n++) {
    for (const [path, bytes] of Object.entries(buildOf(n))) put(`build${n}/${path}`, bytes);
  }
  mkdirSync(join(folder, STORE));
}

/** The digests of the files of a store by their paths, without its lock. A folder or a link has its kind instead. */
export function stateOf(folder: string): Map<string, string> {
  if (!existsSync(folder) || !lstatSync(folder).isDirectory()) return new Map();
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    paths.flatMap((path) => {
      const stats = lstatSync(join(folder, path));
      if (path === LOCK || ['objects', 'channels'].includes(path)) return [];
      if (!stats.isFile()) return [[path, 'no file'] as const];
      const bytes = readFileSync(join(folder, path));
      return [[path, createHash('sha256').update(bytes).digest('hex')] as const];
    }),
  );
}

/** A fault that is in place. */
export interface Broken {
  /** The path in the store that was changed, or '' for the whole store. */
  readonly path: string;
  /** Whether the command must not succeed if it reads the index of this channel. */
  readonly isIndex: boolean;
  mend(): void;
}

/** Puts a fault in place. `undefined` if the store has no file for it. */
export function breakStore(
  folder: string,
  { kind, at, bytes }: Fault,
  tokenOfDead: string,
): Broken | undefined {
  const store = join(folder, STORE);
  if (kind === 'no store' || kind === 'file as store') {
    const aside = join(folder, 'aside');
    move(store, aside);
    if (kind === 'file as store') writeFileSync(store, bytes);
    return {
      ...{ path: '', isIndex: false },
      mend: () => {
        rmSync(store, { recursive: true, force: true });
        move(aside, store);
      },
    };
  }
  if (kind === 'lock folder' || kind === 'old lock') {
    const path = join(store, LOCK);
    if (kind === 'lock folder') mkdirSync(path);
    else writeFileSync(path, tokenOfDead);
    return {
      ...{ path: LOCK, isIndex: false },
      mend: () => rmSync(path, { recursive: true, force: true }),
    };
  }
  const files = [...stateOf(store).keys()].filter((path) => path.endsWith('.sealed'));
  const indexes = files.filter((path) => path.startsWith('channels/'));
  // Half of the faults are of the indexes and of the list of keys.
  const few = files.filter((path) => !path.startsWith('objects/'));
  const from = at % 2 === 0 ? few : files;
  const path =
    kind === 'foreign index'
      ? 'channels/foreign.sealed'
      : from[(at >> 1) % Math.max(1, from.length)];
  if (path === undefined) return undefined;
  const place = join(store, path);
  const before = existsSync(place) ? readFileSync(place) : undefined;
  const other = files[(at >> 3) % files.length];
  const otherBytes = other === undefined ? bytes : readFileSync(join(store, other));
  rmSync(place, { force: true });
  const now = new Uint8Array(before ?? []);
  if (kind === 'flip') {
    now[at % now.length] = (now[at % now.length] as number) ^ 1;
    writeFileSync(place, now);
  } else if (kind === 'cut') writeFileSync(place, now.subarray(0, at % now.length));
  else if (kind === 'empty') writeFileSync(place, '');
  else if (kind === 'folder') mkdirSync(place);
  else if (kind === 'loop') symlinkSync(place, place);
  else if (kind === 'dangling') symlinkSync('nowhere', place);
  else if (kind === 'random') writeFileSync(place, bytes);
  else if (kind === 'exchanged') writeFileSync(place, otherBytes);
  else if (kind === 'foreign index') {
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
  }
  const isSame =
    existsSync(place) && lstatSync(place).isFile() && readFileSync(place).equals(before ?? bytes);
  return {
    path,
    isIndex: indexes.includes(path) && !isSame && kind !== 'missing',
    mend: () => {
      rmSync(place, { recursive: true, force: true });
      if (before !== undefined) writeFileSync(place, before);
    },
  };
}

function move(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}

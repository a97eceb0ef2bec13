// The options of an updater, checked once.

import type { BackendChoice } from '../backend/backend.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkAppId, checkOptions, describe, type OptionRules, shown } from '../options.ts';
import { checkName } from '../release/document.ts';
import type { PatchLimits } from '../release/patch-limits.ts';
import type { UpdateEvent } from './events.ts';
import type { BuiltIn, ReleaseStore } from './release-store.ts';

/** Limits of an updater for the memory and storage of a release. */
export interface UpdateLimits extends PatchLimits {
  /**
   * Bytes of the largest image from which a patch may start or that it may make. For a larger image the updater installs the
   * bundle, which needs no more memory than the largest file. Default: 67,108,864 if the device reports 4 GB of memory or less, else 268,435,456.
   */
  readonly patchImage?: number;
  /** Bytes of all files of a release together. Default 1,073,741,824. */
  readonly releaseSize?: number;
}

/** Options of `createUpdater`. */
export interface UpdaterOptions {
  /**
   * The address of the store, or the addresses of its mirrors: `https://updates.example.com/app/`. Without user name,
   * password, query and fragment.
   */
  readonly store: string | readonly string[];
  /** The channel of a device until `setChannel` is called: `production`. */
  readonly channel: string;
  /** The app id that the publisher signs: `com.example.app`. */
  readonly appId: string;
  /** The public keys that the app carries. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The public half of the offline recovery key. Default: none, and the updater never reads `keys.sealed`. */
  readonly recoveryPublicKey?: PublicKeyInput | readonly PublicKeyInput[];
  /** The native runtime of the app. Default: none, and the updater takes only releases that name no runtime. */
  readonly runtime?: string;
  /** The features that an entry may name in `requires`. Default: none. */
  readonly features?: readonly string[];
  /** The store for installed releases. */
  readonly releases: ReleaseStore;
  /** The release that the app was shipped with. */
  readonly builtIn: BuiltIn;
  /** The number of starts without `confirm` after which the updater blocks a release. Default 3. */
  readonly maxStarts?: number;
  /**
   * Milliseconds in the foreground after which the updater blocks a release on trial that the app has not confirmed. The next
   * start then runs the previous release. Default: no limit of time, only `maxStarts`.
   */
  readonly confirmTimeout?: number;
  /** Limits for the memory and storage of a release. Default: the defaults of {@link UpdateLimits}. */
  readonly limits?: UpdateLimits;
  /** Milliseconds. A request fails if fewer than 16 KiB arrive within this time. Default 30,000. */
  readonly timeout?: number;
  /** The most retries in a row without progress, for each object and mirror. Default 4. */
  readonly retries?: number;
  /** Milliseconds before the first retry. Each further wait is up to twice as long. Default 500. */
  readonly retryDelay?: number;
  /**
   * Compare each file with its digest when it is first read in a process; with `capacitorStore`, all files when a release
   * starts. Default `true`.
   */
  readonly verifyFiles?: boolean;
  /** Called in place of the runtime's `fetch`. */
  readonly fetch?: typeof fetch;
  /** Returns the time in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** Called with each event. The updater ignores it if the function throws or rejects. */
  readonly onEvent?: (event: UpdateEvent) => void;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** The options with every default filled in. */
export interface Settings {
  readonly mirrors: readonly string[];
  readonly channel: string;
  readonly appId: string;
  readonly publicKey: UpdaterOptions['publicKey'];
  readonly recoveryPublicKey: UpdaterOptions['recoveryPublicKey'];
  readonly runtime: string | undefined;
  readonly features: readonly string[];
  readonly releases: ReleaseStore;
  readonly builtIn: BuiltIn;
  readonly maxStarts: number;
  readonly confirmTimeout: number | undefined;
  readonly imageSize: number;
  readonly releaseSize: number;
  readonly files: number;
  readonly timeout: number;
  readonly retries: number;
  readonly retryDelay: number;
  readonly verifyFiles: boolean;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly onEvent: ((event: UpdateEvent) => void) | undefined;
  readonly backend: BackendChoice;
}

const OPTIONS: OptionRules<UpdaterOptions> = {
  store: 'any',
  channel: 'any',
  appId: 'any',
  publicKey: 'any',
  recoveryPublicKey: 'any',
  runtime: 'any',
  features: 'any',
  releases: 'any',
  builtIn: 'any',
  maxStarts: 'any',
  confirmTimeout: 'any',
  limits: 'any',
  timeout: 'any',
  retries: 'any',
  retryDelay: 'any',
  verifyFiles: 'any',
  fetch: 'function',
  now: 'function',
  onEvent: 'function',
  backend: 'any',
};

const STORE_METHODS = [
  'readState',
  'writeState',
  'list',
  'open',
  'write',
  'remove',
  'lock',
] as const;

const SMALL_MEMORY_IMAGE = 67_108_864;
const LARGE_MEMORY_IMAGE = 268_435_456;
const DEFAULT_RELEASE_SIZE = 1_073_741_824;
const DEFAULT_FILES = 65_536;
/** Milliseconds. A request fails if it makes no progress for this time. */
export const DEFAULT_TIMEOUT = 30_000;

/** @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. */
export function readSettings(options: UpdaterOptions): Settings {
  checkOptions('createUpdater', options, OPTIONS);
  const { channel, appId, publicKey, runtime, releases, builtIn, limits = {} } = options;
  checkAppId(appId);
  checkChannel(channel, 'options.channel');
  if (publicKey === undefined) throw new TypeError('options.publicKey expected a public key');
  if (runtime !== undefined) checkName(runtime, 'options.runtime');
  const { features = [], verifyFiles = true } = options;
  if (!Array.isArray(features) || features.some((one) => typeof one !== 'string')) {
    throw new TypeError(`options.features expected a list of texts, got ${describe(features)}`);
  }
  if (typeof verifyFiles !== 'boolean') {
    throw new TypeError(`options.verifyFiles expected a boolean, got ${describe(verifyFiles)}`);
  }
  for (const method of STORE_METHODS) {
    if (typeof releases?.[method] !== 'function') {
      throw new TypeError(`options.releases expected a store with ${method}()`);
    }
  }
  if (typeof builtIn?.readStamp !== 'function' || typeof builtIn.files?.read !== 'function') {
    throw new TypeError('options.builtIn expected readStamp() and files');
  }
  checkOptions('options.limits', limits, {
    patchImage: 'any',
    imageSize: 'any',
    files: 'any',
    releaseSize: 'any',
  });
  return {
    mirrors: mirrorsOf(options.store),
    channel,
    appId,
    publicKey,
    recoveryPublicKey: options.recoveryPublicKey,
    runtime,
    features,
    releases,
    builtIn,
    maxStarts: positive(options.maxStarts ?? 3, 'options.maxStarts'),
    confirmTimeout:
      options.confirmTimeout === undefined
        ? undefined
        : positive(options.confirmTimeout, 'options.confirmTimeout'),
    imageSize: positive(
      limits.patchImage ?? limits.imageSize ?? defaultImage(),
      'options.limits.patchImage',
    ),
    releaseSize: positive(limits.releaseSize ?? DEFAULT_RELEASE_SIZE, 'options.limits.releaseSize'),
    files: positive(limits.files ?? DEFAULT_FILES, 'options.limits.files'),
    timeout: positive(options.timeout ?? DEFAULT_TIMEOUT, 'options.timeout'),
    retries: positive(options.retries ?? 4, 'options.retries'),
    retryDelay: positive(options.retryDelay ?? 500, 'options.retryDelay'),
    verifyFiles,
    fetch: options.fetch ?? ((...request) => fetch(...request)),
    now: options.now ?? Date.now,
    onEvent: options.onEvent,
    backend: options.backend ?? 'auto',
  };
}

/** Checks the name of a channel. The name becomes part of an address. */
export function checkChannel(channel: unknown, name: string): asserts channel is string {
  checkName(channel, name);
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(channel)) return;
  throw new TypeError(`${name} expected letters, digits, ".", "_" and "-", such as "production"`);
}

function mirrorsOf(store: string | readonly string[]): readonly string[] {
  const urls = typeof store === 'string' ? [store] : store;
  if (!Array.isArray(urls) || urls.length === 0) {
    throw new TypeError(
      `options.store expected an address or a list of them, got ${describe(store)}`,
    );
  }
  return urls.map((url: unknown) => {
    const base = parse(String(url));
    if (base.username !== '' || base.password !== '' || base.search !== '' || base.hash !== '') {
      throw new TypeError(
        'options.store expected addresses without user name, password, query and fragment: pass a token as a header, by options.fetch',
      );
    }
    // Without the slash, a relative path would replace the last segment.
    if (!base.pathname.endsWith('/')) base.pathname += '/';
    return base.href;
  });
}

function parse(url: string): URL {
  try {
    return new URL(url, globalThis.location?.href);
  } catch {
    throw new TypeError(
      'options.store expected absolute addresses: https://updates.example.com/app/',
    );
  }
}

/** @throws `RangeError` if the option of this name is not a positive integer. */
export function positive(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`${name} expected a positive integer, got ${shown(value)}`);
}

function defaultImage(): number {
  const { deviceMemory } = (globalThis.navigator ?? {}) as { readonly deviceMemory?: number };
  return deviceMemory !== undefined && deviceMemory <= 4 ? SMALL_MEMORY_IMAGE : LARGE_MEMORY_IMAGE;
}

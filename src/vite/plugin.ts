// Seals the output of Vite or Rollup, and stamps it.

import { basename, dirname, join, relative, resolve } from 'node:path';
import { BundleSealError } from '../errors.ts';
import { ENCRYPT_FILE_OPTIONS } from '../files/encrypt-file.ts';
import {
  type SealDirectoryOptions,
  type SealedDirectory,
  sealDirectory,
} from '../files/seal-directory.ts';
import { ZIP_DIRECTORY_OPTIONS } from '../files/zip-directory.ts';
import { checkOptions, describe, type OptionRules } from '../options.ts';
import { findKey } from './key.ts';
import type { BuildStamp } from './stamp.ts';

/** The private key of a build, or a signer. */
type KeyOfBuild = SealDirectoryOptions['privateKey'];

/** Options of {@link bundleseal}. */
export interface BundlesealOptions extends Omit<SealDirectoryOptions, 'privateKey' | 'detached'> {
  /**
   * The publisher's private key, or a signer. Default: the variable `BUNDLESEAL_PRIVATE_KEY`, then the file
   * `.bundleseal_key` in the root.
   */
  readonly privateKey?: KeyOfBuild | undefined;
  /**
   * The sealed file, relative to the root. Default: the folder's name with `.sealed`, beside the folder.
   */
  readonly output?: string;
  /** The folder to seal, relative to the root. Default: the build's output folder. */
  readonly dir?: string;
  /**
   * Write the stamp of a built-in release, `bundleseal-release.json`, into the folder, as `stampRelease` does: for an app that
   * updates itself. Pass an object for the native runtime of the build and the lowest indexes of the channels. The sealed file
   * does not contain the stamp. Default false.
   */
  readonly stamp?: boolean | BuildStamp;
  /** Whether to seal the folder. If false, the plugin only writes the stamp, which needs no key. Default true. */
  readonly seal?: boolean;
  /** Called when the sealed file is in place. If it throws or rejects, the build fails. */
  readonly onSealed?: (sealed: SealedBuild) => void | Promise<void>;
}

/** A sealed build. */
export interface SealedBuild extends SealedDirectory {
  /** Absolute path of the folder. */
  readonly dir: string;
  /** Absolute path of the sealed file. */
  readonly output: string;
}

/** The used part of the context in which Vite and Rollup call the plugin. */
interface BuildContext {
  /** Whether the build runs again after each change. */
  readonly meta: { readonly watchMode?: boolean };
  /** Prints a line in the output of the build. */
  info(message: string): void;
}

/** The used part of Vite's resolved config. */
interface ResolvedConfig {
  /** `serve`: the dev server. */
  readonly command: 'build' | 'serve';
  /** The absolute path of the project. */
  readonly root: string;
  /** `outDir` is relative to `root`. */
  readonly build: { readonly ssr?: unknown; readonly outDir: string };
}

/** The part of Vite's config that the plugin reads and extends. */
interface ServerConfig {
  /** `deny`: patterns of files that the dev server does not send. */
  readonly server?: { readonly fs?: { readonly deny?: readonly string[] } };
}

/** The plugin. Its type has the hooks that Vite and Rollup call, so neither package is needed to compile it. */
export interface BundlesealPlugin {
  /** The name of the plugin in messages of Vite and Rollup. */
  readonly name: 'bundleseal';
  /** Makes Vite call the plugin after all other plugins. */
  readonly enforce: 'post';
  /** Keeps private keys out of Vite's dev server. */
  config(config: ServerConfig): { server: { fs: { deny: string[] } } };
  /** Leaves out Vite's environments for a server. */
  applyToEnvironment(environment: { readonly config: { readonly consumer: string } }): boolean;
  /** Reads Vite's root, command and output folder. */
  configResolved(config: ResolvedConfig): void;
  /** Looks for the key, so that a build without one fails at once. */
  buildStart(this: BuildContext): Promise<void>;
  /** Remembers whether the build has failed. */
  buildEnd(error?: Error): void;
  /** Remembers that the build has failed. */
  renderError(): void;
  /** Counts the outputs that the build will write to the disk. */
  generateBundle(options: object, bundle: object, isWrite: boolean): void;
  /** Remembers the output folder. */
  writeBundle(options: {
    readonly dir?: string | undefined;
    readonly file?: string | undefined;
  }): void;
  /** Seals the folder and writes the stamp, after every other plugin has closed. */
  readonly closeBundle: {
    readonly order: 'post';
    readonly sequential: true;
    handler(this: BuildContext): Promise<void>;
  };
}

/**
 * The default of `server.fs.deny`. The plugin adds it, because a list in the config replaces the default.
 */
const DENIED_BY_VITE = [
  '.env',
  '.env.*',
  '*.{crt,pem,key,p12,pfx,cer,der}',
  '.npmrc',
  '.yarnrc.yml',
  '**/.git/**',
];

/**
 * Private keys, and temporary files of killed processes with a key. Public keys, which end in .pub, may be imported.
 */
const PRIVATE_KEYS = [
  '.{bundleseal,bundleseal_recovery}_key{,.old,.old.+([0-9])}',
  '.capgo_key_v2{,.old,.old.+([0-9])}',
  '*.bundleseal-tmp',
];

const { detached: _, ...SEAL_OPTIONS } = { ...ZIP_DIRECTORY_OPTIONS, ...ENCRYPT_FILE_OPTIONS };

const OPTIONS: OptionRules<BundlesealOptions> = {
  ...SEAL_OPTIONS,
  output: 'any',
  dir: 'any',
  stamp: 'any',
  seal: 'any',
  onSealed: 'function',
};

/**
 * A plugin for Vite and Rollup that seals the output of a build. It calls {@link sealDirectory} after every other
 * plugin has closed, so that the sealed file contains their files too, and writes `dist.sealed` beside `dist`.
 *
 * It seals only if the build succeeds. If a build fails, or only generates its output in memory, the previous sealed
 * file does not change. The plugin does nothing in watch mode and in a build for a server (`build.ssr`). In Vite's
 * dev server it adds private keys to the files that are not served (`server.fs.deny`). It looks for the key before
 * the build begins, so that a build without a key fails at once.
 *
 * With `stamp` it also writes `bundleseal-release.json` into the folder, for apps that update themselves: after every other
 * plugin has closed, and after the folder is sealed.
 *
 * @param options - The options of {@link sealDirectory} except `detached`, and `output`, `dir`, `stamp`, `seal` and `onSealed`.
 * @param options.privateKey - Default: the variable `BUNDLESEAL_PRIVATE_KEY`, then `.bundleseal_key` in the root. The
 * root is Vite's `root`; with Rollup it is the working directory. `BUNDLESEAL_KEY_PASSPHRASE` decrypts a
 * passphrase-protected key. The plugin reads the variables of the process, not Vite's `.env` files.
 * @param options.output - A path outside of the folder, or one in it that `ignore` leaves out.
 * @param options.dir - Required if Rollup writes several folders.
 * @returns The plugin, for `plugins` of Vite or Rollup.
 * @throws `TypeError` at once for an unknown option. The build fails with the errors of {@link sealDirectory} and of
 * `stampRelease`, and with {@link BundleSealError} `ERR_KEY_INVALID` if there is no private key.
 * @see docs/guides/vite.md
 * @example
 * ```ts
 * import { bundleseal } from 'bundleseal/vite';
 *
 *  // vite.config.ts
 * export default {
 *   plugins: [
 *     bundleseal({
 *       metadata: { appId: 'com.example.app', version: '1.2.3', sequence: 7 },
 *       sourceMaps: false,
 *     }),
 *   ],
 * };
 * ```
 */
export function bundleseal(options: BundlesealOptions = {}): BundlesealPlugin {
  checkOptions('bundleseal', options, OPTIONS);
  const { privateKey, output, dir, stamp = false, seal = true, onSealed, ...rest } = options;
  checkStamp(stamp, seal);
  for (const [name, path] of Object.entries({ output, dir })) {
    if (path !== undefined && (typeof path !== 'string' || path === '')) {
      throw new TypeError(
        `options.${name} expected a path, got ${path === '' ? 'an empty string' : describe(path)}`,
      );
    }
  }
  let config: ResolvedConfig | undefined;
  let key: KeyOfBuild | undefined;
  let isBuild = false;
  let hasFailed = false;
  /** Number of outputs that were generated for writing but are not written yet. */
  let unwritten = 0;
  const written = new Set<string>();

  async function sealInto(
    this: BuildContext,
    folder: string,
    root: string,
    found: KeyOfBuild,
  ): Promise<void> {
    const target =
      output === undefined
        ? join(dirname(folder), `${basename(folder)}.sealed`)
        : resolve(root, output);
    const rules =
      stamp === false ? {} : { ignore: (await import('./stamp.ts')).withoutStamp(rest.ignore) };
    const sealed = await sealDirectory(folder, target, { ...rest, ...rules, privateKey: found });
    this.info(
      `sealed ${relative(root, folder)} into ${relative(root, target)}: ${sealed.entries} ${sealed.entries === 1 ? 'file' : 'files'}, ${sealed.sealedSize} bytes, checksum ${sealed.checksum}, key ${sealed.keyId}`,
    );
    await onSealed?.({ ...sealed, dir: folder, output: target });
  }

  async function stampInto(this: BuildContext, folder: string, root: string): Promise<void> {
    const { stampBuild } = await import('./stamp.ts');
    const written = await stampBuild(folder, rest, typeof stamp === 'object' ? stamp : {});
    this.info(`stamped ${relative(root, folder)}: release ${written.id}`);
  }

  return {
    name: 'bundleseal',
    enforce: 'post',
    config({ server }) {
      const others = server?.fs?.deny === undefined ? DENIED_BY_VITE : [];
      return { server: { fs: { deny: [...others, ...PRIVATE_KEYS] } } };
    },
    applyToEnvironment: ({ config: { consumer } }) => consumer === 'client',
    configResolved(resolved) {
      config = resolved;
    },
    async buildStart() {
      hasFailed = false;
      unwritten = 0;
      written.clear();
      key = undefined;
      const isServed = config?.command === 'serve';
      isBuild = !isServed && !this.meta.watchMode && !config?.build.ssr;
      if (isBuild && seal) key = await findKey(privateKey, config?.root ?? process.cwd());
    },
    buildEnd(error) {
      hasFailed ||= error !== undefined && error !== null;
    },
    renderError() {
      hasFailed = true;
    },
    generateBundle(_options, _bundle, isWrite) {
      if (isWrite) unwritten += 1;
    },
    writeBundle({ dir: folder, file }) {
      unwritten -= 1;
      if (folder !== undefined) written.add(resolve(folder));
      else if (file !== undefined) written.add(dirname(resolve(file)));
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        const found = key;
        key = undefined;
        if (!isBuild || hasFailed || unwritten > 0) return;
        isBuild = false;
        const root = config?.root ?? process.cwd();
        const folder = folderOf(dir && resolve(root, dir), config, written);
        if (folder === undefined) return;
        if (found !== undefined) await sealInto.call(this, folder, root, found);
        if (stamp !== false) await stampInto.call(this, folder, root);
      },
    },
  };
}

function checkStamp(stamp: boolean | BuildStamp, seal: boolean): void {
  if (typeof seal !== 'boolean') {
    throw new TypeError(`options.seal expected a boolean, got ${describe(seal)}`);
  }
  if (typeof stamp !== 'boolean') {
    checkOptions('options.stamp', stamp, { runtime: 'any', floors: 'any' });
  }
  if (stamp === false && !seal) {
    throw new TypeError('options.seal expected true without options.stamp: there is nothing to do');
  }
}

/** Returns the folder to seal, or `undefined` if the build wrote nothing. */
function folderOf(
  named: string | undefined,
  config: ResolvedConfig | undefined,
  written: ReadonlySet<string>,
): string | undefined {
  const [first, ...others] = written;
  if (first === undefined) return undefined;
  if (named !== undefined) return named;
  if (others.length === 0) return first;
  if (config !== undefined) return resolve(config.root, config.build.outDir);
  throw new BundleSealError(
    'ERR_FILE',
    `the build wrote several folders (${[...written].join(', ')}): pass the folder to seal as the option dir`,
  );
}

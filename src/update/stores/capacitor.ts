// A store of releases in the files of a Capacitor app, through the official plugin.

import { fromBase64, toBase64 } from '../../base64.ts';
import { equalBytes } from '../../bytes.ts';
import { describe } from '../../options.ts';
import { fetchBuiltIn } from '../built-in.ts';
import type { BuiltIn, ReleaseStore } from '../release-store.ts';
import type { Updater } from '../updater-types.ts';
import { createLock } from './lock.ts';
import { type FileTree, filesIn, treeStore } from './tree.ts';

// `directory` is optional, as in the plugin, because TypeScript would refuse the plugin's enumeration otherwise.

/** The part of `Filesystem` of `@capacitor/filesystem` that the store uses. Files are read and written as base64. */
export interface CapacitorFilesystem {
  /** Reads a file: base64 on phones, a `Blob` in the web implementation. */
  readFile(options: { path: string; directory?: string }): Promise<{ data: string | Blob }>;
  /** Writes a file, with the folders above it if `recursive` is true. */
  writeFile(options: {
    path: string;
    directory?: string;
    data: string | Blob;
    recursive?: boolean;
  }): Promise<unknown>;
  /** Lists a folder. */
  readdir(options: {
    path: string;
    directory?: string;
  }): Promise<{ files: readonly (CapacitorFile | string)[] }>;
  /** Deletes a file. */
  deleteFile(options: { path: string; directory?: string }): Promise<unknown>;
  /** Deletes a folder, with its content if `recursive` is true. */
  rmdir(options: { path: string; directory?: string; recursive?: boolean }): Promise<unknown>;
  /** Resolves with the address of a file or folder for the web view. */
  getUri(options: { path: string; directory?: string }): Promise<{ uri: string }>;
}

/** An entry of a folder. Old versions of the plugin give the name alone. */
export interface CapacitorFile {
  /** The name, without the path of the folder. */
  readonly name: string;
  /** `file` or `directory`. Absent in old versions of the plugin. */
  readonly type?: string;
}

/** The part of `WebView` of `@capacitor/core` that the store uses. */
export interface CapacitorWebView {
  /** Resolves with the folder that the web view serves. */
  getServerBasePath(): Promise<{ path: string }>;
  /** Makes the web view serve another folder until the app is closed, and loads its page. */
  setServerBasePath(options: { path: string }): Promise<unknown>;
}

/** The plugins that {@link capacitorStore} needs. */
export interface CapacitorPlugins {
  /** `Filesystem` of `@capacitor/filesystem`. */
  readonly Filesystem: CapacitorFilesystem;
  /**
   * `Directory` of `@capacitor/filesystem`. Releases go into `Directory.LibraryNoCloud`, which iOS keeps out of backups, or
   * into `Directory.Library` if the plugin is older than 7.1.
   */
  readonly Directory: { readonly Library: string; readonly LibraryNoCloud?: string };
  /** `WebView` of `@capacitor/core`. */
  readonly WebView: CapacitorWebView;
}

/** A store of releases in the files of a Capacitor app, and the calls that start a release. */
export interface CapacitorStore extends ReleaseStore {
  /**
   * The built-in release: the web folder of the app. While the web view serves another release, only the stamp can be read, not
   * the files.
   */
  readonly builtIn: BuiltIn;
  /**
   * Starts the release that should run. Every page has to call it first. In the page of the built-in release, it counts the start
   * and compares the files of the release with their digests. If another release should run, the web view then serves that
   * release and loads its page, and this call never resolves.
   *
   * @returns The id of the release that this page runs, for `confirm`.
   * @throws {@link BundleSealError} `ERR_STORE` if the stamp of the built-in release cannot be read.
   */
  boot(updater: Updater): Promise<string>;
  /**
   * Makes the web view serve a release until the app is closed, and loads its page. The call stores nothing: the next launch begins
   * with the built-in release, and its page counts the start.
   */
  serve(id: string): Promise<void>;
}

/** A copy of the stamp of the build, for the pages of other releases. */
const BUILT_IN = 'built-in.json';

/**
 * Keeps releases in the files of a Capacitor app.
 *
 * @param plugins - The plugins of the app, so that this library does not depend on them.
 * @param name - A folder in `Directory.LibraryNoCloud`. Default `bundleseal`.
 * @returns The store, for `releases` of `createUpdater`. Its `builtIn` is the built-in release of the app.
 * @throws `TypeError` if a plugin is missing.
 * @see docs/guides/capacitor.md
 * @example
 * ```ts
 * import { type CapacitorPlugins, capacitorStore } from 'bundleseal/update';
 *
 * // In an app: Directory and Filesystem of '@capacitor/filesystem', and WebView of '@capacitor/core'.
 * const storeOf = (plugins: CapacitorPlugins) => capacitorStore(plugins);
 * console.log(typeof storeOf);
 * ```
 */
export function capacitorStore(plugins: CapacitorPlugins, name = 'bundleseal'): CapacitorStore {
  const { Filesystem, Directory, WebView } = plugins;
  if (typeof Filesystem?.readFile !== 'function') {
    throw new TypeError(
      `plugins.Filesystem expected the plugin of @capacitor/filesystem, got ${describe(Filesystem)}`,
    );
  }
  if (typeof Directory?.Library !== 'string') {
    throw new TypeError('plugins.Directory expected the Directory of @capacitor/filesystem');
  }
  if (typeof WebView?.setServerBasePath !== 'function') {
    throw new TypeError('plugins.WebView expected the WebView of @capacitor/core');
  }
  const directory = Directory.LibraryNoCloud ?? Directory.Library;
  const tree = capacitorTree(Filesystem, directory, name);
  const releases = treeStore(tree, createLock(`bundleseal capacitor ${name}`));

  /** Whether the web view serves the app's own web folder, not a release of this store. */
  const isBuild = async () =>
    !(await WebView.getServerBasePath()).path.includes(`/${name}/releases/`);

  let build: BuiltIn | undefined;
  const buildFiles = () => {
    build ??= fetchBuiltIn();
    return build;
  };
  const builtIn: BuiltIn = {
    async readStamp() {
      const kept = await tree.read(BUILT_IN);
      if (await isBuild()) {
        const stamp = await buildFiles().readStamp();
        if (kept === undefined || !equalBytes(kept, stamp)) await tree.write(BUILT_IN, stamp);
        return stamp;
      }
      if (kept === undefined) throw new Error('the copy of the stamp is missing: restart the app');
      return kept;
    },
    files: {
      list: () => buildFiles().files.list(),
      async read(path) {
        if (await isBuild()) return buildFiles().files.read(path);
        throw new Error(`"${path}" of the built-in release can't be read from another release`);
      },
    },
  };

  const store: CapacitorStore = {
    ...releases,
    isReadByHost: true,
    builtIn,
    async boot(updater) {
      if (await isBuild()) {
        const { id } = await updater.start();
        if (id !== (await updater.status()).builtIn.id) {
          await store.serve(id);
          return new Promise(() => {});
        }
      }
      return updater.attach();
    },
    async serve(id) {
      const folder = await releases.folderOf(id);
      const { uri } = await Filesystem.getUri({ path: `${name}/${filesIn(folder)}`, directory });
      await WebView.setServerBasePath({ path: decodeURIComponent(uri.replace(/^file:\/\//, '')) });
    },
  };
  return store;
}

const nameOf = (file: CapacitorFile | string): string =>
  typeof file === 'string' ? file : file.name;

function capacitorTree(filesystem: CapacitorFilesystem, directory: string, root: string): FileTree {
  // Writes one file after the other. In a browser, the plugin fails if two calls make the same folder at the same time.
  let last: Promise<void> = Promise.resolve();
  const at = (path: string) => ({ path: path === '' ? root : `${root}/${path}`, directory });
  const folderOf = (path: string) => path.slice(0, Math.max(path.lastIndexOf('/'), 0));
  const isThere = async (path: string): Promise<boolean> =>
    (await list(folderOf(path))).includes(path.slice(path.lastIndexOf('/') + 1));
  const isFolder = async (path: string): Promise<boolean> => {
    const { files } = await filesystem.readdir(at(folderOf(path)));
    const name = path.slice(path.lastIndexOf('/') + 1);
    return files.some(
      (file) => nameOf(file) === name && (file as CapacitorFile).type === 'directory',
    );
  };
  const list = async (path: string): Promise<string[]> => {
    try {
      return (await filesystem.readdir(at(path))).files.map(nameOf);
    } catch (error) {
      // The plugin's messages differ between platforms and versions. The parent folder shows whether this one is missing.
      if (path === '' || !(await isThere(path))) return [];
      throw error;
    }
  };
  return {
    list,
    async read(path) {
      try {
        const { data } = await filesystem.readFile(at(path));
        // In a browser the plugin reads a folder as an empty file.
        if (data === '' && (await isFolder(path))) return undefined;
        if (typeof data !== 'string') return new Uint8Array(await data.arrayBuffer());
        // Some versions of the plugin break the text into lines.
        const bytes = fromBase64(data.replace(/\s/g, ''), 'base64');
        if (bytes === undefined) throw new Error(`"${path}" was not read as base64`);
        return bytes;
      } catch (error) {
        if (!(await isThere(path))) return undefined;
        throw error;
      }
    },
    write(path, bytes) {
      const data = toBase64(bytes, 'base64');
      const file = { ...at(path), data, recursive: true };
      const written = last.then(() => filesystem.writeFile(file)).then(() => {});
      last = written.catch(() => {});
      return written;
    },
    async remove(path) {
      if (!(await isThere(path))) return;
      await filesystem
        .rmdir({ ...at(path), recursive: true })
        .catch(() => filesystem.deleteFile(at(path)));
    },
  };
}

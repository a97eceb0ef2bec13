// A store of releases in the files of a Capacitor app, through the official plugin.

import { fromBase64, toBase64 } from '../../base64.ts';
import { describe } from '../../options.ts';
import type { ReleaseStore } from '../release-store.ts';
import { createLock } from './lock.ts';
import { type FileTree, filesIn, treeStore } from './tree.ts';

/** The part of `Filesystem` of `@capacitor/filesystem` that the store uses. Files are read and written as base64. */
export interface CapacitorFilesystem {
  readFile(options: { path: string; directory: string }): Promise<{ data: string | Blob }>;
  writeFile(options: {
    path: string;
    directory: string;
    data: string;
    recursive: boolean;
  }): Promise<unknown>;
  readdir(options: {
    path: string;
    directory: string;
  }): Promise<{ files: readonly ({ readonly name: string } | string)[] }>;
  deleteFile(options: { path: string; directory: string }): Promise<unknown>;
  rmdir(options: { path: string; directory: string; recursive: boolean }): Promise<unknown>;
  getUri(options: { path: string; directory: string }): Promise<{ uri: string }>;
}

/** The part of `WebView` of `@capacitor/core` that the store uses. */
export interface CapacitorWebView {
  setServerBasePath(options: { path: string }): Promise<unknown>;
}

export interface CapacitorPlugins {
  /** `Filesystem` of `@capacitor/filesystem`. */
  readonly Filesystem: CapacitorFilesystem;
  /** `Directory` of `@capacitor/filesystem`. Releases go into `Directory.Library`, outside the user's documents. */
  readonly Directory: { readonly Library: string };
  /** `WebView` of `@capacitor/core`. */
  readonly WebView: CapacitorWebView;
}

export interface CapacitorStore extends ReleaseStore {
  /**
   * Has the web view serve a release until the app is closed, and reloads the page. Nothing is persisted: the next launch
   * begins with the built-in release, and its boot page counts the start.
   */
  serve(id: string): Promise<void>;
}

/**
 * Keeps releases in the files of a Capacitor app.
 *
 * @param plugins - The plugins of the app, so that this library does not depend on them.
 * @param name - A folder in `Directory.Library`. Default `bundleseal`.
 * @throws `TypeError`: a plugin is missing.
 * @see docs/updates.md#where-releases-are-kept
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
    throw new TypeError(`plugins.Filesystem expected that plugin, got ${describe(Filesystem)}`);
  }
  if (typeof Directory?.Library !== 'string') {
    throw new TypeError('plugins.Directory expected that of @capacitor/filesystem');
  }
  if (typeof WebView?.setServerBasePath !== 'function') {
    throw new TypeError('plugins.WebView expected that of @capacitor/core');
  }
  const directory = Directory.Library;
  const store = treeStore(
    capacitorTree(Filesystem, directory, name),
    createLock(`bundleseal capacitor ${name}`),
  );
  return {
    ...store,
    async serve(id) {
      const folders = await Filesystem.readdir({ path: `${name}/releases`, directory });
      await store.open(id);
      const found = folders.files
        .map(nameOf)
        .filter((folder) => folder.startsWith(`${id}.`))
        .sort()
        .at(-1);
      const { uri } = await Filesystem.getUri({
        path: `${name}/${filesIn(found as string)}`,
        directory,
      });
      await WebView.setServerBasePath({ path: decodeURI(uri.replace(/^file:\/\//, '')) });
    },
  };
}

const nameOf = (file: { readonly name: string } | string): string =>
  typeof file === 'string' ? file : file.name;

function capacitorTree(filesystem: CapacitorFilesystem, directory: string, root: string): FileTree {
  const at = (path: string) => ({ path: path === '' ? root : `${root}/${path}`, directory });
  const isThere = async (path: string): Promise<boolean> => {
    const end = path.lastIndexOf('/');
    const names = await list(end === -1 ? '' : path.slice(0, end));
    return names.includes(path.slice(end + 1));
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
    async write(path, bytes) {
      await filesystem.writeFile({ ...at(path), data: toBase64(bytes, 'base64'), recursive: true });
    },
    async remove(path) {
      if (!(await isThere(path))) return;
      await filesystem
        .rmdir({ ...at(path), recursive: true })
        .catch(() => filesystem.deleteFile(at(path)));
    },
  };
}

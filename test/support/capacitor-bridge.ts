// Stand-ins for the native side of Capacitor's plugins. They check every argument like the code of
// @capacitor/filesystem 8 for Android and iOS, and reject with its codes and messages. They run without a device.

import type { CapacitorPlugins } from '../../src/update.ts';

export type Platform = 'android' | 'ios';

/** The folder of `Directory.LibraryNoCloud` on each platform. */
const ROOT = {
  android: '/data/user/0/com.example.app/files',
  ios: '/var/mobile/Containers/Data/Application/1B 2/Library/NoCloud',
} as const;

/** The result of `getServerBasePath` while the web view serves the app's own web folder. */
const WEB_FOLDER = { android: 'public', ios: '/private/var/containers/App.app/public' } as const;

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  readFile: ['path', 'directory', 'encoding'],
  writeFile: ['path', 'data', 'directory', 'encoding', 'recursive'],
  readdir: ['path', 'directory'],
  deleteFile: ['path', 'directory'],
  rmdir: ['path', 'directory', 'recursive'],
  getUri: ['path', 'directory'],
  getServerBasePath: [],
  setServerBasePath: ['path'],
};

export interface Bridge {
  readonly plugins: CapacitorPlugins;
  /** The folder that the web view serves. */
  served(): string;
  /** Empties a file, as a power cut does with a file that was not flushed. */
  empty(path: string): void;
}

/** Plugins over a file system of their own, in memory. */
export function openBridge(platform: Platform): Bridge {
  /** By absolute path: base64, or `null` for a folder. */
  const nodes = new Map<string, string | null>([[ROOT[platform], null]]);
  let served: string = WEB_FOLDER[platform];

  const checkOptions = (method: string, options: object) => {
    for (const name of Object.keys(options)) {
      if (!OPTIONS[method]?.includes(name)) throw new Error(`${method} has no option "${name}"`);
    }
  };
  const resolve = (method: string, options: { path: string; directory?: string }): string => {
    checkOptions(method, options);
    const { path, directory } = options;
    // The native code treats a missing directory as a URL, and on iOS an unknown one as the user's documents.
    if (typeof path !== 'string' || directory !== 'LIBRARY_NO_CLOUD') {
      throw failure(5, `The '${method}' input parameters aren't valid.`);
    }
    if (path.split('/').some((name) => name === '' || name === '.' || name === '..')) {
      throw failure(6, `Invalid '${path}' path.`);
    }
    return `${ROOT[platform]}/${path}`;
  };
  const missing = (method: string, place: string) =>
    failure(8, `'${method}' failed because file at '${place}' does not exist.`);
  const unsupported = (method: string, what: string) =>
    platform === 'android'
      ? failure(9, `'${method}' not supported for ${what}.`)
      : failure(13, `'${method}' failed with: The file couldn't be opened.`);
  const inside = (place: string) => [...nodes.keys()].filter((at) => at.startsWith(`${place}/`));
  const parentOf = (place: string) => place.slice(0, place.lastIndexOf('/'));
  const makeFolders = (place: string): void => {
    if (nodes.get(place) === null) return;
    if (nodes.has(place)) throw failure(11, 'Missing parent directory.');
    makeFolders(parentOf(place));
    nodes.set(place, null);
  };
  const uriOf = (place: string) => {
    // iOS ends the address of a folder with a slash.
    const end = platform === 'ios' && nodes.get(place) === null ? '/' : '';
    return `file://${place.split('/').map(encodeURIComponent).join('/')}${end}`;
  };

  return {
    served: () => served,
    empty(path) {
      const found = [...nodes.keys()].filter((at) => at.endsWith(path));
      if (found.length !== 1) throw new Error(`${found.length} files end with "${path}"`);
      nodes.set(found[0] as string, '');
    },
    plugins: {
      Directory: { Library: 'LIBRARY', LibraryNoCloud: 'LIBRARY_NO_CLOUD' },
      Filesystem: {
        async readFile(options) {
          const place = resolve('readFile', options);
          const data = nodes.get(place);
          if (data === undefined) throw missing('readFile', place);
          if (data === null) throw unsupported('readFile', 'directories');
          // Some versions for Android break the lines.
          return { data: platform === 'android' ? data.replace(/.{76}/g, '$&\n') : data };
        },
        async writeFile(options) {
          const place = resolve('writeFile', options);
          const { data, recursive } = options;
          if (typeof data !== 'string' || !isBase64(data)) {
            throw failure(5, "The 'writeFile' input parameters aren't valid.");
          }
          if (nodes.get(place) === null) throw unsupported('writeFile', 'directories');
          if (recursive === true) makeFolders(parentOf(place));
          else if (nodes.get(parentOf(place)) !== null) {
            throw failure(11, 'Missing parent directory – possibly recursive=false was passed.');
          }
          nodes.set(place, data);
          return { uri: uriOf(place) };
        },
        async readdir(options) {
          const place = resolve('readdir', options);
          const node = nodes.get(place);
          if (node === undefined) throw missing('readdir', place);
          if (node !== null) throw unsupported('readdir', 'files, only directories are supported');
          const found = inside(place).filter((at) => parentOf(at) === place);
          const files = found.map((at) => ({
            name: at.slice(place.length + 1),
            type: nodes.get(at) === null ? 'directory' : 'file',
            uri: uriOf(at),
          }));
          return { files };
        },
        async deleteFile(options) {
          const place = resolve('deleteFile', options);
          if (!nodes.has(place)) throw missing('deleteFile', place);
          if (inside(place).length > 0) throw failure(12, 'Cannot delete directory with children.');
          nodes.delete(place);
        },
        async rmdir(options) {
          const place = resolve('rmdir', options);
          if (!nodes.has(place)) throw missing('rmdir', place);
          const found = inside(place);
          if (found.length > 0 && options.recursive !== true) {
            throw failure(12, 'Cannot delete directory with children; received recursive=false.');
          }
          for (const at of [place, ...found]) nodes.delete(at);
        },
        async getUri(options) {
          return { uri: uriOf(resolve('getUri', options)) };
        },
      },
      WebView: {
        async getServerBasePath(...options: object[]) {
          for (const given of options) checkOptions('getServerBasePath', given);
          return { path: served };
        },
        async setServerBasePath(options) {
          checkOptions('setServerBasePath', options);
          // iOS ignores a path that is not a folder, and the page would wait forever.
          const { path } = options;
          if (typeof path !== 'string' || nodes.get(path.replace(/\/$/, '')) !== null) {
            throw new Error(`"${path}" is no folder`);
          }
          served = path;
        },
      },
    },
  };
}

/** The decoders of Android and iOS accept fewer texts. Padding is required. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function failure(code: number, message: string): Error {
  return Object.assign(new Error(message), {
    code: `OS-PLUG-FILE-${String(code).padStart(4, '0')}`,
  });
}

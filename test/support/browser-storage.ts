// The Cache Storage, the origin private file system and the Web Locks of a browser, in memory. They follow the standards as far
// as the stores of releases use them, and throw their errors.

import type { FileHandle, FolderHandle } from '../../src/update/stores/opfs.ts';

interface MemoryCache {
  keys(): Promise<Request[]>;
  match(request: Request | string): Promise<Response | undefined>;
  put(request: Request | string, response: Response): Promise<void>;
  delete(request: Request | string): Promise<boolean>;
}

export interface MemoryCaches {
  keys(): Promise<string[]>;
  has(name: string): Promise<boolean>;
  delete(name: string): Promise<boolean>;
  open(name: string): Promise<MemoryCache>;
  match(request: string, options: { readonly cacheName: string }): Promise<Response | undefined>;
}

/** https://w3c.github.io/ServiceWorker/#cachestorage */
export function memoryCaches(): MemoryCaches {
  const all = new Map<string, Map<string, Uint8Array>>();
  const urlOf = (request: Request | string) =>
    typeof request === 'string' ? request : request.url;
  const cacheOf = (entries: Map<string, Uint8Array>): MemoryCache => ({
    keys: async () => [...entries.keys()].map((url) => new Request(url)),
    match: async (request) => {
      const bytes = entries.get(urlOf(request));
      return bytes === undefined ? undefined : new Response(bytes as BodyInit);
    },
    put: async (request, response) => {
      entries.set(urlOf(request), new Uint8Array(await response.arrayBuffer()));
    },
    delete: async (request) => entries.delete(urlOf(request)),
  });
  return {
    keys: async () => [...all.keys()],
    has: async (name) => all.has(name),
    delete: async (name) => all.delete(name),
    async open(name) {
      const entries = all.get(name) ?? new Map<string, Uint8Array>();
      all.set(name, entries);
      return cacheOf(entries);
    },
    async match(request, { cacheName }) {
      const entries = all.get(cacheName);
      return entries && cacheOf(entries).match(request);
    },
  };
}

/** How the files of a file system can be written. */
export interface Writing {
  /** Whether files have `createWritable`. */
  readonly streams: boolean;
  /** Whether files have `createSyncAccessHandle`, as in a dedicated worker. */
  readonly handles: boolean;
  /** The most bytes of a file, after which the disk is full. */
  readonly most?: number;
}

interface Folder {
  readonly entries: Map<string, Folder | File>;
}

interface File {
  bytes: Uint8Array;
  isOpen: boolean;
}

const fault = (name: string) => new DOMException(`a fault of the file system: ${name}`, name);

export interface MemoryFileSystem {
  readonly root: FolderHandle;
  /** `navigator.storage`. */
  readonly storage: { getDirectory(): Promise<FolderHandle> };
}

/** https://fs.spec.whatwg.org */
export function memoryFileSystem(writing: Writing): MemoryFileSystem {
  const root: Folder = { entries: new Map() };
  return {
    root: folderHandle(root, writing),
    storage: { getDirectory: async () => folderHandle(root, writing) },
  };
}

function folderHandle({ entries }: Folder, writing: Writing): FolderHandle {
  function entry<Kind extends Folder | File>(
    name: string,
    isKind: (found: Folder | File) => found is Kind,
    make: (() => Kind) | undefined,
  ): Kind {
    if (name === '' || name === '.' || name === '..' || name.includes('/')) {
      throw new TypeError(`${name} is no name of a file`);
    }
    let found = entries.get(name);
    if (found === undefined) {
      if (make === undefined) throw fault('NotFoundError');
      found = make();
      entries.set(name, found);
    }
    if (!isKind(found)) throw fault('TypeMismatchError');
    return found;
  }
  const isFolder = (found: Folder | File): found is Folder => 'entries' in found;
  const isFile = (found: Folder | File): found is File => 'bytes' in found;
  return {
    async getDirectoryHandle(name, { create = false } = {}) {
      const make = create ? () => ({ entries: new Map() }) : undefined;
      return folderHandle(entry(name, isFolder, make), writing);
    },
    async getFileHandle(name, { create = false } = {}) {
      const make = create ? () => ({ bytes: new Uint8Array(0), isOpen: false }) : undefined;
      return fileHandle(entry(name, isFile, make), writing);
    },
    async removeEntry(name, { recursive = false } = {}) {
      const found = entries.get(name);
      if (found === undefined) throw fault('NotFoundError');
      if (isFolder(found) && found.entries.size > 0 && !recursive) {
        throw fault('InvalidModificationError');
      }
      entries.delete(name);
    },
    async *keys() {
      yield* [...entries.keys()];
    },
  };
}

function fileHandle(
  file: File,
  { streams, handles, most = Number.POSITIVE_INFINITY }: Writing,
): FileHandle {
  const open = () => {
    if (file.isOpen) throw fault('NoModificationAllowedError');
    file.isOpen = true;
  };
  return {
    getFile: async () => new Blob([file.bytes.slice() as BlobPart]),
    ...(streams && {
      async createWritable() {
        open();
        let written: Uint8Array = new Uint8Array(0);
        return {
          async write(bytes: Uint8Array) {
            if (bytes.length > most) throw fault('QuotaExceededError');
            written = bytes.slice();
          },
          async close() {
            file.bytes = written;
            file.isOpen = false;
          },
          async abort() {
            file.isOpen = false;
          },
        };
      },
    }),
    ...(handles && {
      async createSyncAccessHandle() {
        open();
        let pending = file.bytes;
        return {
          truncate(length: number) {
            pending = pending.slice(0, length);
          },
          write(bytes: Uint8Array) {
            const length = Math.min(bytes.length, most);
            const room = new Uint8Array(Math.max(length, pending.length));
            room.set(pending);
            room.set(bytes.subarray(0, length));
            pending = room;
            return length;
          },
          flush() {
            file.bytes = pending;
          },
          close() {
            file.isOpen = false;
          },
        };
      },
    }),
  };
}

export interface MemoryLocks {
  request<T>(name: string, task: () => Promise<T>): Promise<T>;
}

/** https://w3c.github.io/web-locks/ */
export function memoryLocks(): MemoryLocks {
  const last = new Map<string, Promise<unknown>>();
  return {
    request<T>(name: string, task: () => Promise<T>): Promise<T> {
      const result = (last.get(name) ?? Promise.resolve()).then(task);
      last.set(
        name,
        result.catch(() => {}),
      );
      return result;
    },
  };
}

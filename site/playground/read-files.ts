// The files that a user drops or chooses: a folder, or a zip.

import { library } from './library-in-page.ts';

export type Files = ReadonlyMap<string, Uint8Array>;

interface Found {
  readonly path: string;
  readonly file: File;
}

/** What an input with files gives: one zip, or the files of a folder. */
export function filesOfInput(list: FileList): Promise<Files> {
  const found = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  return filesOf(found);
}

/** The dropped items: one zip, one folder, or several files. */
export async function filesOfDrop(transfer: DataTransfer): Promise<Files> {
  // All entries at once: the list is empty after the event.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const found = (await Promise.all(entries.map((entry) => walk(entry)))).flat();
  return filesOf(found);
}

async function walk(entry: FileSystemEntry): Promise<Found[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Found[] = [];
  // A reader gives its entries in portions, and an empty one at the end.
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (portion.length === 0) return found;
    for (const each of portion) found.push(...(await walk(each)));
  }
}

const NO_FILE = 'There is no file in it. Choose a folder with files, or a zip.';

/** A tab holds several copies of a build. */
const MAX_BYTES = 256 * 2 ** 20;

async function filesOf(found: readonly Found[]): Promise<Files> {
  const [first] = found;
  if (first === undefined) throw new Error(NO_FILE);
  const size = found.reduce((sum, { file }) => sum + file.size, 0);
  if (size > MAX_BYTES) {
    const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MiB`;
    throw new Error(
      `The files have ${mebibytes(size)}, and this page takes up to ${mebibytes(MAX_BYTES)}. Choose the folder that the build writes; the command line takes builds of any size.`,
    );
  }
  if (found.length === 1 && /\.zip$/i.test(first.file.name)) return filesOfZip(first.file);
  if (found.length === 1 && !first.path.includes('/')) {
    throw new Error(
      `${first.file.name} is not a zip. Choose the folder of a build, or a zip of it.`,
    );
  }
  const [top = ''] = first.path.split('/');
  const isFolder = found.every(({ path }) => path.startsWith(`${top}/`));
  const files = new Map<string, Uint8Array>();
  for (const { path, file } of found) {
    const inside = isFolder ? path.slice(top.length + 1) : path;
    files.set(inside, new Uint8Array(await file.arrayBuffer()));
  }
  return files;
}

async function filesOfZip(zip: File): Promise<Files> {
  const files = await library.unzipBundle(zip).catch((error: unknown) => {
    if (!(error instanceof library.BundleSealError)) throw error;
    throw new Error(`${zip.name}: ${error.message}`);
  });
  if (files.size === 0) throw new Error(NO_FILE);
  return files;
}

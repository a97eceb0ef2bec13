// What a command may write over, decided before any work is done.

import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { fileError, onFile } from '../files/error.ts';
import { findPrivateKey, MAX_LOOKED_INTO } from '../keys/find-private.ts';
import { STANDARD } from './spool.ts';

/** What the commands write. `opened` is a bundle that was decrypted, which could be any file of the user's. */
type OutputKind = 'zip' | 'sealed' | 'seal' | 'capgo' | 'opened';

export interface OutputRule {
  /** What the command is about to write. */
  readonly kind: OutputKind;
  readonly force: boolean;
}

/** The option, in one wording for all commands. */
export const FORCE_HELP = 'replace an output file whatever it is, but no private key';

/**
 * Refuses to write over a file that is not of the kind that the command writes: `bundle encrypt` may replace an earlier
 * sealed bundle, but nothing else unless `--force` says so, and a private key never. An empty file may be replaced.
 *
 * @throws {@link BundleSealError} `ERR_FILE`: the file is there already.
 */
export async function checkOutput(path: string, { kind, force }: OutputRule): Promise<void> {
  if (path === STANDARD) return;
  const stats = await stat(path).catch(() => undefined);
  // What is no regular file is refused, or written to, where it is opened.
  if (stats?.isFile() !== true || stats.size === 0) return;
  await refuseKey(path, stats.size);
  if (force) return;
  if (kind === 'opened' || !(await isOfKind(path, kind))) {
    throw fileError(
      path,
      `is there already${kind === 'opened' ? '' : ` and is ${NAMES[kind]}`}: pass --force to replace it, or name another file with --out`,
    );
  }
}

/** A private key has no copy that a build could make again, so a slip with --out must not replace it. */
async function refuseKey(path: string, size: number): Promise<void> {
  if (size > MAX_LOOKED_INTO) return;
  // What can't be read is replaced without a look, as --force says.
  const bytes = await readFile(path).catch(() => undefined);
  const what = bytes && findPrivateKey('', bytes);
  if (what === undefined) return;
  throw fileError(
    path,
    `is there already and holds ${what}, which --force does not replace either: name another file with --out`,
  );
}

const NAMES: Readonly<Record<Exclude<OutputKind, 'opened'>, string>> = {
  zip: 'no zip',
  sealed: 'no sealed bundle',
  seal: 'no seal',
  capgo: "no bundle for Capgo's plugin",
};

async function isOfKind(path: string, kind: Exclude<OutputKind, 'opened'>): Promise<boolean> {
  const start = await startOf(path);
  switch (kind) {
    case 'zip':
      return start.startsWith('PK');
    case 'sealed':
      return start.startsWith('BNDLSEAL');
    case 'seal':
      return start.startsWith('Qk5ETFNFQU');
    case 'capgo':
      // Its bytes say nothing; nobody else calls files like this.
      return /_encrypted\.zip$/i.test(path) && !start.startsWith('PK');
  }
}

async function startOf(path: string): Promise<string> {
  const file: FileHandle = await onFile(path, "can't be read", open(path));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(10), 0, 10, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * For a body without its header: it is replaced where the seal beside it shows that it is one.
 */
export async function checkDetachedOutput(out: string, force: boolean): Promise<void> {
  await checkOutput(`${out}.seal`, { kind: 'seal', force });
  const hasSeal = await stat(`${out}.seal`).then(
    (stats) => stats.size > 0,
    () => false,
  );
  await checkOutput(out, { kind: 'sealed', force: force || hasSeal });
}

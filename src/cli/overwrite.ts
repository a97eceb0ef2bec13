// Decides before the work whether a command may replace an existing file.

import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { fileError, onFile, UNREADABLE } from '../files/error.ts';
import { findPrivateKey, MAX_LOOKED_INTO } from '../keys/find-private.ts';
import { STANDARD } from './spool.ts';

/** The kinds of outputs. `opened` is a decrypted bundle, whose content may be of any kind. */
type OutputKind = 'zip' | 'sealed' | 'seal' | 'capgo' | 'opened';

export interface OutputRule {
  /** The kind of the command's output. */
  readonly kind: OutputKind;
  readonly force: boolean;
}

/** The description of the option for all commands. */
export const FORCE_HELP = 'replace any existing output file, except a private key';

/**
 * Refuses to replace a file of another kind than the output. For example, `bundle encrypt` replaces an earlier sealed
 * bundle, and other files only with `--force`. No command replaces a private key. An empty file may be replaced.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the file must not be replaced.
 */
export async function checkOutput(path: string, { kind, force }: OutputRule): Promise<void> {
  if (path === STANDARD) return;
  const stats = await stat(path).catch(() => undefined);
  // Opening the output handles everything that is not a regular file.
  if (stats?.isFile() !== true || stats.size === 0) return;
  await refuseKey(path, stats.size);
  if (force) return;
  if (kind === 'opened' || !(await isOfKind(path, kind))) {
    throw fileError(
      path,
      `exists already${kind === 'opened' ? '' : ` and is ${NAMES[kind]}`}: pass --force to replace it, or name another file with --out`,
    );
  }
}

/** A build cannot make a private key again, so a mistake with --out must not replace one. */
async function refuseKey(path: string, size: number): Promise<void> {
  if (size > MAX_LOOKED_INTO) return;
  // With --force, a file that cannot be read is replaced without a check.
  const bytes = await readFile(path).catch(() => undefined);
  const what = bytes && findPrivateKey('', bytes);
  if (what === undefined) return;
  throw fileError(
    path,
    `exists and contains ${what}, which --force does not replace: name another file with --out`,
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
      // Such a bundle has no recognisable bytes, so its name identifies it.
      return /_encrypted\.zip$/i.test(path) && !start.startsWith('PK');
  }
}

async function startOf(path: string): Promise<string> {
  const file: FileHandle = await onFile(path, UNREADABLE, open(path));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(10), 0, 10, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Checks the output for a detached body. An existing file counts as a body if its seal is beside it.
 */
export async function checkDetachedOutput(out: string, force: boolean): Promise<void> {
  await checkOutput(`${out}.seal`, { kind: 'seal', force });
  const hasSeal = await stat(`${out}.seal`).then(
    (stats) => stats.size > 0,
    () => false,
  );
  await checkOutput(out, { kind: 'sealed', force: force || hasSeal });
}

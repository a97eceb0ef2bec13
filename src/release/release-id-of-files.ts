// Computes the id of a release from its files.

import type { Backend, BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import type { WorkOptions } from '../options.ts';
import { createPace, type Pace } from '../turn.ts';
import { encodeText } from '../utf8.ts';
import {
  CONTENT_PIECE,
  checkFiles,
  letGo,
  planRelease,
  type ReleaseFile,
  type ReleaseFiles,
  readContents,
} from './files.ts';

/** Implements `releaseId`. */
export async function releaseIdOfFiles(
  files: ReleaseFiles,
  options: Pick<WorkOptions, 'signal'> & { readonly backend?: BackendChoice },
): Promise<string> {
  checkFiles(files);
  const { signal } = options;
  const planned = await planRelease(files, signal);
  try {
    const backend = await selectBackend(options.backend);
    const pace = createPace(signal);
    const lines: string[] = [];
    await readContents(planned, signal, async ({ path }, take) => {
      const bytes = await take(Number.POSITIVE_INFINITY);
      lines.push(lineOf(path, await hashInSteps(backend, bytes, pace)));
    });
    return await idOfLines(backend, lines);
  } catch (error) {
    letGo(files, planned, error);
    throw error;
  }
}

/** Computes the id of files in memory, which are in the order of the bytes of their paths. */
export async function releaseIdOf(
  files: readonly Pick<ReleaseFile, 'path' | 'bytes'>[],
  backend: Backend,
  pace: Pace,
): Promise<string> {
  return idOfDigests(files, await digestsOf(files, backend, pace), backend);
}

/**
 * Computes the SHA-256 of each file.
 *
 * @param known - Returns the digest of a file if it is known already.
 */
export async function digestsOf<File extends Pick<ReleaseFile, 'bytes'>>(
  files: readonly File[],
  backend: Backend,
  pace: Pace,
  known?: (file: File) => Uint8Array | undefined,
): Promise<Uint8Array[]> {
  const digests: Uint8Array[] = [];
  for (const file of files) {
    digests.push(known?.(file) ?? (await hashInSteps(backend, file.bytes, pace)));
  }
  return digests;
}

/** Computes the id of files that have these digests. */
export function idOfDigests(
  files: readonly Pick<ReleaseFile, 'path'>[],
  digests: readonly Uint8Array[],
  backend: Backend,
): Promise<string> {
  return idOfLines(
    backend,
    files.map(({ path }, index) => lineOf(path, digests[index] as Uint8Array)),
  );
}

function lineOf(path: string, digest: Uint8Array): string {
  return `${toHex(digest)}  ${path}\n`;
}

async function idOfLines(backend: Backend, lines: readonly string[]): Promise<string> {
  return toHex(await backend.sha256(encodeText(lines.join(''))));
}

async function hashInSteps(backend: Backend, bytes: Uint8Array, pace: Pace): Promise<Uint8Array> {
  await pace();
  if (backend.hashesWhole || bytes.length <= CONTENT_PIECE) return backend.sha256(bytes);
  const digest = await backend.createHash();
  for (let at = 0; at < bytes.length; at += CONTENT_PIECE) {
    digest.update(bytes.subarray(at, at + CONTENT_PIECE));
    await pace();
  }
  return digest.digest();
}

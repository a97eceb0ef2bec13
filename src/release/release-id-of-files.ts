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
  const lines: string[] = [];
  for (const { path, bytes } of files)
    lines.push(lineOf(path, await hashInSteps(backend, bytes, pace)));
  return idOfLines(backend, lines);
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

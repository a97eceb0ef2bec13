// What an update costs, three ways, and where the content of each new file was before. The library tells the size of a
// patch; everything else is computed here.

import { library } from './library-in-page.ts';
import type { Files } from './read-files.ts';

/** The unit in which content of old files is found again. */
const BLOCK = 32;
const BASE = 257;

export interface Origin {
  readonly path: string;
  readonly size: number;
  /** The old file that has the same bytes. */
  readonly same?: string;
  /** The old file with most of this file's blocks, and the share of this file that occurs there, from 0 to 1. */
  readonly from?: string;
  readonly share: number;
}

export interface Comparison {
  /** Bytes of the sealed new build. */
  readonly full: number;
  /** Bytes of the files that no old file equals, each deflated by itself. */
  readonly files: number;
  readonly changedFiles: number;
  /** Bytes of the sealed patch. */
  readonly patch: number;
  readonly origins: readonly Origin[];
}

interface Work {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly appId: string;
  readonly onProgress: (share: number) => void;
}

/** @throws if the patch does not give the new build byte by byte */
export async function compare(before: Files, after: Files, work: Work): Promise<Comparison> {
  const { privateKey, publicKey, appId, onProgress } = work;
  const { bytes } = await library.createPatch(before, after, {
    privateKey,
    appId,
    onProgress: ({ done, total }) => onProgress(total === 0 ? 1 : done / total),
  });
  const applied = await library.applyPatch(bytes, before, { publicKey, appId });
  if (
    applied.size !== after.size ||
    [...after].some(([path, content]) => !equal(applied.get(path), content))
  ) {
    throw new Error('The patch does not give the new build.');
  }
  const zip = await library.zipBundle(after);
  const { bytes: sealed } = await library.encryptBundle(zip, { privateKey, metadata: { appId } });
  const known = new Map<string, string>();
  for (const [path, content] of before) known.set(await digest(content), path);
  const origins: Origin[] = [];
  let files = 0;
  let changedFiles = 0;
  const blocks = blocksOf(before);
  for (const [path, content] of after) {
    const same = known.get(await digest(content));
    if (same !== undefined) {
      origins.push({ path, size: content.length, same, share: 1 });
      continue;
    }
    changedFiles++;
    files += await deflatedSize(content);
    origins.push({ path, size: content.length, ...nearest(content, before, blocks) });
  }
  return { full: sealed.length, files, changedFiles, patch: bytes.length, origins };
}

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}

async function digest(content: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', content as BufferSource));
  return hash.join(' ');
}

export async function deflatedSize(content: Uint8Array): Promise<number> {
  const stream = new Blob([content as BlobPart])
    .stream()
    .pipeThrough(new CompressionStream('deflate-raw'));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

interface Place {
  readonly path: string;
  readonly offset: number;
}

/** Each aligned block of the old files, by its hash. Of equal blocks, the first. */
function blocksOf(files: Files): Map<number, Place> {
  const found = new Map<number, Place>();
  for (const [path, content] of files) {
    for (let offset = 0; offset + BLOCK <= content.length; offset += BLOCK) {
      let hash = 0;
      for (let i = 0; i < BLOCK; i++)
        hash = (Math.imul(hash, BASE) + (content[offset + i] as number)) >>> 0;
      if (!found.has(hash)) found.set(hash, { path, offset });
    }
  }
  return found;
}

/** The old file that shares most blocks with the content. The hash rolls over each position of it. */
export function nearest(
  content: Uint8Array,
  before: Files,
  blocks: ReadonlyMap<number, Place> = blocksOf(before),
): { from?: string; share: number } {
  let top = 1;
  for (let i = 0; i < BLOCK; i++) top = Math.imul(top, BASE) >>> 0;
  const covered = new Map<string, number>();
  let hash = 0;
  let length = 0;
  for (let i = 0; i < content.length; i++) {
    hash = (Math.imul(hash, BASE) + (content[i] as number)) >>> 0;
    if (length === BLOCK) hash = (hash - Math.imul(top, content[i - BLOCK] as number)) >>> 0;
    else length++;
    if (length < BLOCK) continue;
    const place = blocks.get(hash);
    if (place === undefined) continue;
    const old = before.get(place.path) as Uint8Array;
    const start = i + 1 - BLOCK;
    let isSame = true;
    for (let k = 0; k < BLOCK && isSame; k++) isSame = content[start + k] === old[place.offset + k];
    if (!isSame) continue;
    covered.set(place.path, (covered.get(place.path) ?? 0) + BLOCK);
    // Blocks of the new file do not overlap: none is counted twice.
    hash = 0;
    length = 0;
  }
  const [best] = [...covered].sort((a, b) => b[1] - a[1]);
  return best === undefined ? { share: 0 } : { from: best[0], share: best[1] / content.length };
}

// Tests of a reader of patches that was written from docs/patch-format.md alone: it makes the same images as this library
// and refuses the same patches.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encryptObject } from '../../src/bundle/encrypt.ts';
import { codePatch } from '../../src/release/code-patch.ts';
import { planRelease, type ReleaseFile, readFiles } from '../../src/release/files.ts';
import { imageLength, writeImage } from '../../src/release/image.ts';
import { applyPatch } from '../../src/release.ts';
import file from '../vectors/patch-v1.json' with { type: 'json' };
import { rejection } from './errors.ts';
import { filesOf, type PatchVectors, type VectorFiles } from './patch-vectors.ts';
import { APP, trusting } from './release.ts';
import { base64, keyB } from './vectors.ts';

const { good, valid, bad } = file as unknown as PatchVectors;

export interface PatchReader {
  /** A folder for the files of a run. */
  folder(): string;
  /**
   * Runs the reader.
   *
   * @param paths - Triples of a patch, an old image, and where to write the new one.
   * @returns For each patch "applied" or the check that failed.
   */
  run(paths: readonly string[]): readonly string[];
}

/** The message by which this library refuses a patch. */
async function refusalOf({ from, patch }: Case): Promise<string> {
  const sealing = { privateKey: keyB.pkcs8, metadata: { appId: APP } };
  const { bytes } = await encryptObject(patch, sealing, 'patch');
  return (await rejection(applyPatch(bytes, filesOf(from), trusting), 'ERR_PATCH_INVALID')).message;
}

const read = async (files: VectorFiles): Promise<ReleaseFile[]> =>
  readFiles(await planRelease(filesOf(files), undefined), undefined);

async function imageOf(files: VectorFiles): Promise<Uint8Array> {
  const release = await read(files);
  const image = new Uint8Array(imageLength(release));
  writeImage(release, image);
  return image;
}

interface Case {
  readonly from: VectorFiles;
  readonly patch: Uint8Array;
}

/** The reader's verdict on each patch, and the new image if it made one. */
async function apply(reader: PatchReader, cases: readonly Case[]) {
  const made: string[] = [];
  const parameters: string[] = [];
  for (const [i, { from, patch }] of cases.entries()) {
    const paths = ['patch', 'old', 'new'].map((name) => join(reader.folder(), `${name}-${i}`));
    const [patchPath, oldPath, newPath] = paths as [string, string, string];
    writeFileSync(patchPath, patch);
    writeFileSync(oldPath, await imageOf(from));
    rmSync(newPath, { force: true });
    made.push(newPath);
    parameters.push(...paths);
  }
  const lines = reader.run(parameters);
  expect(lines).toHaveLength(cases.length);
  return made.map((path, i) => ({
    line: lines[i] as string,
    image: existsSync(path) ? readFileSync(path) : undefined,
  }));
}

/** The check of the reader that a message of this library stands for. */
const CHECKS: readonly (readonly [message: string, check: RegExp])[] = [
  ['is shorter than its header', /^header: length/],
  ['does not begin with', /^header: magic/],
  ['is of a version', /^header: magic, version/],
  ['has reserved bytes', /^header: magic, version or zeros/],
  ['starts from another release', /^base:/],
  // The page lets a decoder compare the length of the base first.
  ['has an image of more', /^(limit|base: length)/],
  ['is cut short', /^coded bytes: cut short/],
  ['do not begin with zero', /^coded bytes: start/],
  ['has coded bytes behind', /^coded bytes: (end|cut short)/],
  ['from an empty table', /^instruction: literal/],
  ['copies from outside', /^instruction: source/],
  ['makes more bytes', /^instruction: length/],
  ['out of range', /^coded bytes: (symbol|plain bits)/],
  ['makes a list', /^list:/],
  ['makes a file whose path', /^list:/],
  ['makes no files', /^list: end/],
  ['makes files whose sizes', /^list: total/],
  ['does not make the release', /^result:/],
];

/** The check of the reader for a message; any check for none. */
function checkFor(message: string): RegExp {
  if (message === '') return /^[a-z ]+: /;
  const check = CHECKS.find(([part]) => message.includes(part))?.[1];
  if (check === undefined) throw new Error(`no check for "${message}"`);
  return check;
}

/** Parts that two releases share, cut at other places: copies of every length, literals and plain bytes. */
const piece = fc.oneof(
  fc.record({ text: fc.constantFrom('function(', 'return ', 'index-a1b2.js', 'index-c3d4.js') }),
  fc.record({ text: fc.string({ maxLength: 40 }) }),
  fc.record({ byte: fc.nat(255), length: fc.nat(3000) }),
  fc.record({ seed: fc.nat(2), skip: fc.nat(300), length: fc.nat(100_000) }),
);
const path = fc.constantFrom('a.js', 'b/c.js', 'b/d.css', 'é.html', 'index-a1b2.js');
const release = fc.dictionary(path, fc.array(piece, { maxLength: 12 }), { minKeys: 1 });

/** Defines the tests of a reader, for the body of a `describe`. */
export function testPatchReader(reader: PatchReader): void {
  it('makes the newer image with every good vector', async () => {
    const all = [...good, ...valid];
    const results = await apply(
      reader,
      all.map(({ from, patch }) => ({ from, patch: base64(patch) })),
    );
    for (const [i, { to, description }] of all.entries()) {
      expect(results[i]?.line, description).toBe('applied');
      expect(results[i]?.image?.equals(await imageOf(to)), description).toBe(true);
    }
  });

  it('refuses every bad vector by the same check', async () => {
    const results = await apply(
      reader,
      bad.map(({ from, patch }) => ({ from, patch: base64(patch) })),
    );
    for (const [i, { reason, description }] of bad.entries()) {
      expect(results[i]?.line, description).toMatch(checkFor(reason));
      expect(results[i]?.image, description).toBeUndefined();
    }
  });

  it('makes the newer image of any two releases', async () => {
    const pairs = fc.array(fc.tuple(release, release), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(pairs, async (drawn) => {
        const cases = [];
        for (const [from, to] of drawn) {
          const { plain } = await codePatch(await read(from), await read(to), {});
          cases.push({ from, patch: plain });
        }
        const results = await apply(reader, cases);
        for (const [i, [, to]] of drawn.entries()) {
          expect(results[i]?.line).toBe('applied');
          expect(results[i]?.image?.equals(await imageOf(to))).toBe(true);
        }
      }),
      { numRuns: 2, endOnFailure: true },
    );
  });

  it('refuses a patch in which a bit is changed, by the same check as this library', async () => {
    const vector = good.find(({ description }) => description.includes('renamed'));
    const { from, patch } = vector as (typeof good)[number];
    const bytes = base64(patch);
    const altered = Array.from(bytes, (_, at) => {
      const copy = bytes.slice();
      copy[at] = (copy[at] as number) ^ (1 << (at % 8));
      return { from, patch: copy };
    });
    const results = await apply(reader, altered);
    for (const [at, { line, image }] of results.entries()) {
      const message = await refusalOf(altered[at] as Case);
      expect(line, `byte ${at}: ${message}`).toMatch(checkFor(message));
      expect(image).toBeUndefined();
    }
  });
}

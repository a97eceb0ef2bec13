import { describe, expect, it } from 'vitest';
import { encryptObject } from '../../src/bundle/encrypt.ts';
import { codePatch } from '../../src/release/code-patch.ts';
import { planRelease, readFiles } from '../../src/release/files.ts';
import { parsePatchHeader } from '../../src/release/patch-header.ts';
import { applyPatch, releaseId } from '../../src/release.ts';
import { BACKENDS } from '../support/backends.ts';
import { rejection } from '../support/errors.ts';
import {
  filesOf,
  type GoodPatch,
  type PatchVectors,
  type VectorFiles,
} from '../support/patch-vectors.ts';
import { APP, trusting } from '../support/release.ts';
import { asBase64, base64, keyB } from '../support/vectors.ts';
import { same } from '../support/zip.ts';
import file from './patch-v1.json' with { type: 'json' };

const { good, valid, bad } = file as unknown as PatchVectors;

const readVector = async (files: VectorFiles) =>
  readFiles(await planRelease(filesOf(files), undefined), undefined);
const seal = async (patch: string) => {
  const options = { privateKey: keyB.pkcs8, metadata: { appId: APP } };
  return (await encryptObject(base64(patch), options, 'patch')).bytes;
};

async function applied(vector: GoodPatch): Promise<void> {
  const from = filesOf(vector.from);
  const to = filesOf(vector.to);
  const made = await applyPatch(await seal(vector.patch), from, trusting);
  expect([...made.keys()].sort()).toEqual(Object.keys(to).sort());
  for (const [path, bytes] of made) expect(same(to[path], bytes), path).toBe(true);
  expect(await releaseId(made)).toBe(vector.toId);
  const { fromLength, toLength } = vector;
  expect(parsePatchHeader(base64(vector.patch))).toMatchObject({ fromLength, toLength });
}

describe('the vectors of patches', () => {
  it('have good and bad ones, each described once', () => {
    expect(good.length).toBeGreaterThanOrEqual(10);
    expect(bad.length).toBeGreaterThanOrEqual(40);
    const descriptions = [...good, ...valid, ...bad].map(({ description }) => description);
    expect(new Set(descriptions).size).toBe(descriptions.length);
  });
});

describe.each(good)('the patch "$description"', (vector) => {
  it.each(BACKENDS)('is made in exactly these bytes, through %s', async (backend) => {
    const older = await readVector(vector.from);
    const newer = await readVector(vector.to);
    const { plain, from, to } = await codePatch(older, newer, { backend });
    expect(asBase64(plain)).toBe(vector.patch);
    expect({ from, to }).toEqual({ from: vector.fromId, to: vector.toId });
  });

  it('makes exactly the newer release', () => applied(vector));
});

describe('a valid patch that this library does not make', () => {
  it.each(valid)('makes exactly the newer release: $description', async (vector) => {
    await applied(vector);
    const made = await codePatch(await readVector(vector.from), await readVector(vector.to), {});
    expect(asBase64(made.plain)).not.toBe(vector.patch);
  });
});

describe('a patch is refused with its reason', () => {
  it.each(bad)('$description', async ({ from, patch, reason }) => {
    const work = applyPatch(await seal(patch), filesOf(from), trusting);
    expect((await rejection(work, 'ERR_PATCH_INVALID')).message).toContain(reason);
  });
});

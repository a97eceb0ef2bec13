import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePaths } from '../../src/archive/format/paths.ts';
import { encryptObject } from '../../src/bundle/encrypt.ts';
import { KINDS } from '../../src/format/header.ts';
import { BundleSealError } from '../../src/index.ts';
import { imageLength, parseImage, writeImage } from '../../src/release/image.ts';
import { applyPatch, createPatch, releaseId } from '../../src/release.ts';
import { APP, type Files, patched, signing, trusting } from '../support/release.ts';
import { runs } from '../support/scope.ts';
import { keyB } from '../support/vectors.ts';
import { utf8 } from '../support/zip.ts';

const folder = fc.constantFrom('', 'a/', 'b/', 'a/c/', 'é/');
const name = fc.constantFrom(
  'index',
  'app-1f',
  'app-2e',
  'ß',
  '\u{1f600}',
  '\uff5e',
  'logo.svg',
  '-',
);
const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .array(fc.constantFrom('let ', 'x=', '1;\n', 'app-1f', 'app-2e'), { maxLength: 80 })
    .map((words) => utf8(words.join(''))),
);

/** Files whose paths stand beside each other on every platform, because folders and names share no letters. */
const release: fc.Arbitrary<Files> = fc
  .array(fc.tuple(folder, name, content), { minLength: 1, maxLength: 8 })
  .map((list) => Object.fromEntries(list.map(([where, what, bytes]) => [where + what, bytes])));

const sealed = async (from: Files, to: Files) => (await createPatch(from, to, signing)).bytes;

async function refusal(work: Promise<unknown>): Promise<string> {
  const result = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(result).toBeInstanceOf(BundleSealError);
  return (result as BundleSealError).code;
}

describe('any two sets of files', () => {
  it('make a patch that restores bytes and paths of the newer set', async () => {
    await fc.assert(
      fc.asyncProperty(release, release, async (before, after) => {
        expect(await patched(before, after)).toEqual(after);
      }),
      { numRuns: runs(30) },
    );
  });

  it('have different ids unless they are the same', async () => {
    await fc.assert(
      fc.asyncProperty(release, release, async (one, other) => {
        const text = (files: Files) =>
          JSON.stringify(
            Object.entries(files)
              .map(([path, bytes]) => [path, [...bytes]])
              .sort(),
          );
        expect((await releaseId(one)) === (await releaseId(other))).toBe(text(one) === text(other));
      }),
      { numRuns: runs(100) },
    );
  });

  it('are read unchanged from their image', () => {
    fc.assert(
      fc.property(release, (files) => {
        const list = Object.entries(files)
          .map(([path, bytes]) => ({ path, name: utf8(path), bytes }))
          .sort((a, b) => comparePaths(a.path, b.path));
        const image = new Uint8Array(imageLength(list));
        writeImage(list, image);
        expect(parseImage(image, 8)).toEqual(list);
      }),
    );
  });
});

describe('a patch of any two sets of files', () => {
  it('is refused after any single bit was altered', async () => {
    await fc.assert(
      fc.asyncProperty(release, release, fc.nat(), fc.nat(7), async (before, after, place, bit) => {
        const bytes = await sealed(before, after);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        const code = await refusal(applyPatch(bytes, before, trusting));
        expect(code).toMatch(/SEAL|HEADER|CHUNK|LENGTH|KEY_MISMATCH|VERSION|LIMIT/);
      }),
      { numRuns: runs(30) },
    );
  });

  it('is refused if it is cut anywhere, or if bytes follow it', async () => {
    await fc.assert(
      fc.asyncProperty(release, release, fc.nat(), async (before, after, place) => {
        const bytes = await sealed(before, after);
        const cut = applyPatch(bytes.subarray(0, place % bytes.length), before, trusting);
        expect(await refusal(cut)).toBe('ERR_LENGTH_INVALID');
        const longer = applyPatch(Uint8Array.of(...bytes, 0), before, trusting);
        expect(await refusal(longer)).toBe('ERR_LENGTH_INVALID');
      }),
      { numRuns: runs(15) },
    );
  });

  it('is refused on every other base, its own result included', async () => {
    await fc.assert(
      fc.asyncProperty(release, release, release, async (before, after, other) => {
        const ids = await Promise.all([before, after, other].map((files) => releaseId(files)));
        fc.pre(new Set(ids).size === 3);
        const bytes = await sealed(before, after);
        for (const base of [after, other]) {
          expect(await refusal(applyPatch(bytes, base, trusting))).toBe('ERR_PATCH_INVALID');
        }
      }),
      { numRuns: runs(15) },
    );
  });

  it('is refused by another app, and as every other kind', async () => {
    await fc.assert(
      fc.asyncProperty(
        release,
        release,
        fc.string({ minLength: 1 }),
        async (before, after, app) => {
          fc.pre(app !== APP);
          const bytes = await sealed(before, after);
          const elsewhere = applyPatch(bytes, before, { ...trusting, appId: app });
          expect(await refusal(elsewhere)).toBe('ERR_EXPECTATION_FAILED');
          for (const kind of KINDS.filter((each) => each !== 'patch')) {
            const options = { privateKey: keyB.pkcs8, metadata: { appId: APP } };
            const object = await encryptObject(bytes, options, kind);
            const code = await refusal(applyPatch(object.bytes, before, trusting));
            expect(code).toBe('ERR_HEADER_INVALID');
          }
        },
      ),
      { numRuns: runs(10) },
    );
  });
});

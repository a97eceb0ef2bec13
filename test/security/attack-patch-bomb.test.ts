// A patch that declares or makes more than the device can hold. It is genuine: its publisher means harm, or was robbed
// of the key.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encryptObject } from '../../src/bundle/encrypt.ts';
import { imageLength } from '../../src/release/image.ts';
import { encodePatchHeader } from '../../src/release/patch-header.ts';
import { applyPatch, releaseId } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { encodeNow } from '../support/patch.ts';
import { APP, trusting } from '../support/release.ts';
import { keyB } from '../support/vectors.ts';
import { join, utf8 } from '../support/zip.ts';

const MIB = 2 ** 20;
const BASE = { a: utf8('x') };
const from = await releaseId(BASE);
const fromLength = imageLength([{ path: 'a', name: utf8('a'), bytes: BASE.a }]);
const image = utf8('1 a\n\nx');

const seal = async (plain: Uint8Array) => {
  const options = { privateKey: keyB.pkcs8, metadata: { appId: APP } };
  return (await encryptObject(plain, options, 'patch')).bytes;
};
const header = (change: object) =>
  encodePatchHeader({ from, to: from, fromLength, toLength: 100, ...change });
const makes = (made: Uint8Array) =>
  join(header({ toLength: made.length }), encodeNow(join(image, made), image.length));

describe('a bomb in a patch', () => {
  const original = globalThis.Uint8Array;
  let asked = 0;
  let most = Number.POSITIVE_INFINITY;

  beforeEach(() => {
    asked = 0;
    most = Number.POSITIVE_INFINITY;
    globalThis.Uint8Array = new Proxy(original, {
      construct(target, list, derived) {
        const [length] = list as [unknown];
        if (typeof length === 'number') asked = Math.max(asked, length);
        // The engine throws the same error if it has no memory left.
        if (asked > most) throw new RangeError('Array buffer allocation failed');
        return Reflect.construct(
          target,
          list,
          derived === globalThis.Uint8Array ? target : derived,
        );
      },
    });
  });
  afterEach(() => {
    globalThis.Uint8Array = original;
  });

  it.each([
    ['a new image of 256 MiB and a byte', { toLength: 256 * MIB + 1 }],
    ['a new image of 4 GiB - 1', { toLength: 2 ** 32 - 1 }],
    ['an old image of 4 GiB - 1', { fromLength: 2 ** 32 - 1 }],
    ['two images of 4 GiB - 1', { fromLength: 2 ** 32 - 1, toLength: 2 ** 32 - 1 }],
  ])('declares %s, and no memory is allocated for it', async (_, change) => {
    const bytes = await seal(join(header(change), new original(100)));
    const error = await rejection(applyPatch(bytes, BASE, trusting), 'ERR_PATCH_INVALID');
    expect(error.message).toContain(`${256 * MIB}`);
    expect(asked).toBeLessThan(MIB);
  });

  it.each(Array.from({ length: 8 }, (_, at) => 80 + at).filter((at) => at < 84))(
    'declares a length whose byte %i is set, and no memory is taken for it',
    async (at) => {
      for (const place of [at, at + 8]) {
        const plain = join(header({}), new original(100));
        plain[place] = 255;
        const bytes = await seal(plain);
        await rejection(applyPatch(bytes, BASE, trusting), 'ERR_PATCH_INVALID');
        expect(asked).toBeLessThan(MIB);
      }
    },
  );

  it('needs more memory than the device can give, and is refused with the number of bytes', async () => {
    const bytes = await seal(join(header({ toLength: 5 * MIB }), new original(100)));
    most = MIB;
    const error = await rejection(applyPatch(bytes, BASE, trusting), 'ERR_PATCH_INVALID');
    expect(error.message).toContain(`needs ${fromLength + 5 * MIB} bytes of memory`);
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  it('lists more files than its contents could be, and none is made', async () => {
    const bytes = await seal(makes(utf8('9999999999 a\n9999999999 b\n\nx')));
    const error = await rejection(applyPatch(bytes, BASE, trusting), 'ERR_PATCH_INVALID');
    expect(error.message).toContain('sizes');
  });

  it('is refused if it makes one file more than the limit', async () => {
    const list = Array.from({ length: 1001 }, (_, i) => `0 ${String(i).padStart(4, '0')}\n`);
    const bytes = await seal(makes(utf8(`${list.join('')}\n`)));
    const limits = { files: 1000 };
    const work = applyPatch(bytes, BASE, { ...trusting, limits });
    expect((await rejection(work, 'ERR_PATCH_INVALID')).message).toContain('more than 1000 files');
  });

  it('with a high ratio is applied within the limit, and refused above it', async () => {
    const made = new original(2 * MIB);
    made.set(utf8(`${2 * MIB - 11} a\n\n`));
    const plain = makes(made);
    expect(plain.length).toBeLessThan(1000);
    const bytes = await seal(plain);
    const over = applyPatch(bytes, BASE, { ...trusting, limits: { imageSize: MIB } });
    await rejection(over, 'ERR_PATCH_INVALID');
    // Within it, it is whole, and another release than the one that it names.
    const within = applyPatch(bytes, BASE, trusting);
    expect((await rejection(within, 'ERR_PATCH_INVALID')).message).toContain('does not make');
  });
});

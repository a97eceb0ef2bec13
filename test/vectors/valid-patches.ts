// The patches of patch-v1.json that this library applies, but does not make.

import { writeImage } from '../../src/release/image.ts';
import { FROM_NEW, FROM_OLD } from '../../src/release/patch/coding.ts';
import { createEncoder, type Encoder } from '../../src/release/patch/range-encoder.ts';
import {
  createInstructionWriter,
  type InstructionWriter,
} from '../../src/release/patch/write-instructions.ts';
import type { GoodPatch } from '../support/patch-vectors.ts';
import { asBase64, base64 } from '../support/vectors.ts';
import { join as concat, utf8 } from '../support/zip.ts';
import { type Change, good, readVector, text } from './good-patches.ts';
import { createRandom, drawInstructions } from './random-patch.ts';

type Write = (instructions: InstructionWriter, oldLength: number) => void;

/** Writes all instructions of a patch from `older` to `newer`. */
async function handmade(
  [description, from, to]: Change,
  write: Write,
  wrap: (encoder: Encoder) => Encoder = (encoder) => encoder,
): Promise<GoodPatch> {
  const vector = await good([description, from, to]);
  const { fromLength, toLength } = vector;
  const space = new Uint8Array(fromLength + toLength);
  writeImage(await readVector(from), space.subarray(0, fromLength));
  writeImage(await readVector(to), space.subarray(fromLength));
  const encoder = createEncoder();
  const instructions = createInstructionWriter(wrap(encoder), space, fromLength);
  write(instructions, fromLength);
  if (instructions.position !== space.length) throw new Error(`"${description}" is not whole`);
  const header = base64(vector.patch).subarray(0, 96);
  return { ...vector, patch: asBase64(concat(header, encoder.finish())) };
}

// The length of the counts of the model of numbers: 16 contexts of a total and 32 symbols.
const NUMBER_COUNTS = 16 * 33;
// The symbol of a literal that no table has.
const NO_TABLE = 4;

/** Codes each number of type 0 that is not 0 as a number of `width` bits. */
const wideSign =
  (width: number) =>
  (encoder: Encoder): Encoder => ({
    ...encoder,
    symbol(models, context, coded) {
      const isSign = models.counts.length === NUMBER_COUNTS && context < 4;
      return encoder.symbol(models, context, isSign && coded > 0 ? width : coded);
    },
  });

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';
const below: Write = (instructions, oldLength) => {
  instructions.literal();
  instructions.literal();
  instructions.copy({ kind: FROM_OLD, source: 2, length: 30 });
  // Below the aligned place, which is `oldLength` now.
  instructions.copy({ kind: FROM_OLD, source: oldLength - 24, length: 6 });
};

/** Codes a third of the literals that a table has as if none had them. */
function hidingSome(encoder: Encoder): Encoder {
  const hides = createRandom(2);
  return {
    ...encoder,
    symbol(models, context, coded) {
      const isFound = models.symbols === NO_TABLE + 1 && coded < NO_TABLE;
      return encoder.symbol(models, context, isFound && hides(3) === 0 ? NO_TABLE : coded);
    },
  };
}

async function randomPatch(): Promise<GoodPatch> {
  const random = createRandom(3);
  const letters = Array.from({ length: 300 }, () => ALPHABET[random(8)]).join('');
  const from = { a: text(letters) };
  const image = utf8(`300 a\n\n${letters}`);
  const list = utf8('4000 a\n\n');
  const space = concat(image, list, new Uint8Array(4000));
  const start = image.length + list.length;
  const encoder = createEncoder();
  const instructions = createInstructionWriter(hidingSome(encoder), space, image.length);
  drawInstructions(instructions, space, image.length, start);
  const to = { a: [{ base64: asBase64(space.subarray(start)) }] };
  const vector = await good(['random instructions of every kind', from, to]);
  const header = base64(vector.patch).subarray(0, 96);
  return { ...vector, patch: asBase64(concat(header, encoder.finish())) };
}

export async function valid(): Promise<GoodPatch[]> {
  const [older, newer] = [{ a: text(ALPHABET) }, { a: text(`${ALPHABET}cdefgh`) }];
  return [
    await handmade(['a sign of 5 means below, as 1 does', older, newer], below, wideSign(3)),
    await handmade(['a sign of 31 bits means below', older, newer], below, wideSign(31)),
    await handmade(
      [
        'a copy begins in the old image and ends in the new one',
        { a: [{ seed: 3, length: 100 }] },
        {
          a: [
            { seed: 5, length: 30 },
            { seed: 3, skip: 20, length: 80 },
            { text: '130 a\n\n' },
            { seed: 5, length: 13 },
          ],
        },
      ],
      (instructions, oldLength) => {
        instructions.plain(37);
        instructions.copy({ kind: FROM_OLD, source: oldLength - 80, length: 100 });
      },
    ),
    await handmade(
      [
        'a copy begins in the old image, goes on in the new one, and reads bytes that it has made',
        { a: text('xyz') },
        { a: text('xyz18 a\n\nxyz18 a\n\n') },
      ],
      (instructions, oldLength) => {
        for (let made = 0; made < 6; made++) instructions.literal();
        instructions.copy({ kind: FROM_NEW, source: oldLength - 3, length: 18 });
      },
    ),
    await randomPatch(),
  ];
}

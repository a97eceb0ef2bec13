// Which instructions the encoder of patches chooses. Only the size of the patch depends on it.

import { expect, it } from 'vitest';
import { chooseInstructions } from '../../../../src/release/patch/choose-instructions.ts';
import type { Copy } from '../../../../src/release/patch/write-instructions.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { join } from '../../../support/zip.ts';

/** The copies that make the new image from the old one. */
function copiesOf(old: Uint8Array, made: Uint8Array): Copy[] {
  const copies: Copy[] = [];
  const sink = { literal: () => {}, copy: (copy: Copy) => void copies.push(copy) };
  const steps = chooseInstructions(join(old, made), old.length, () => false, sink);
  while (steps.next().done !== true);
  return copies;
}

it('a patch takes one long copy from elsewhere before two shorter ones, of which one has a recent distance', () => {
  const [first, second, third, other, end] = [0, 1, 2, 3, 4].map((n) =>
    bytesOf(5000).slice(1000 * n, 1000 * n + 500),
  ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  // At the distance of the first copy there are only the first 100 bytes of the third piece.
  const old = join(first, end, third.subarray(0, 100), second, other, third);
  const made = join(first, second, third);
  const copies = copiesOf(old, made);
  expect(copies.map(({ length }) => length)).toEqual([500, 500, 500]);
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makePatchVectors } from './make-patch-vectors.ts';

const FILE = join(import.meta.dirname, 'patch-v1.json');

it('the generator of the patch vectors makes the stored vectors', async () => {
  const made = await makePatchVectors();
  if (process.env['UPDATE_VECTORS'] !== undefined) {
    writeFileSync(FILE, `${JSON.stringify(made, null, 2)}\n`);
  }
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(made);
});

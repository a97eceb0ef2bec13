// Memory that is used again while a folder is zipped: nothing may read it after it was given back.
// @vitest-environment-options { "own": "reused-memory" }

import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { reusedMemory } from '../../../src/archive/write/memory.ts';
import { zipDirectory } from '../../../src/node.ts';
import { zipBundle } from '../../../src/zip.ts';
import { type Files, writeFiles } from '../../support/folder-files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { utf8 } from '../../support/zip.ts';

const memory = vi.hoisted(() => ({ wiped: 0, loans: 0 }));

// Overwrites each block as soon as its last loan was given back. A later read would change the archive.
vi.mock(import('../../../src/archive/write/memory.ts'), async (original) => {
  const module = await original();
  return {
    ...module,
    reusedMemory(unused?: (bytes: Uint8Array) => void) {
      const wipe = (bytes: Uint8Array) => {
        bytes.fill(0xdb);
        memory.wiped += bytes.length;
      };
      const made = module.reusedMemory(unused ?? wipe);
      return {
        ...made,
        lend(length: number) {
          memory.loans += length;
          return made.lend(length);
        },
      };
    },
  };
});

const { at } = useFolder();
const KIB = 1024;

const noise = (length: number) => new Uint8Array(randomFillSync(Buffer.alloc(length)));
const text = (length: number) =>
  utf8('const answer = 42; '.repeat(length / 19 + 1).slice(0, length));

async function expectSameZip(
  name: string,
  files: Files,
  options: { level?: 0 | 6; threads: number },
  expected: Uint8Array,
) {
  writeFiles(at(name), files);
  await zipDirectory(at(name), at(`${name}.zip`), options);
  expect(Buffer.compare(readFileSync(at(`${name}.zip`)), expected), name).toBe(0);
}

const inMemory = (files: Files, level: 0 | 6) =>
  zipBundle(files as Record<string, Uint8Array>, { level, threads: 0 });

describe('Memory that a zip uses again', () => {
  const files: Files = {};
  const expected = new Map<0 | 6, Uint8Array>();

  beforeAll(async () => {
    const lengths = [0, 1, 300, 4096, 5000, ...[60, 256, 257, 512, 1500].map((n) => n * KIB)];
    for (let round = 0; round < 2; round++) {
      for (const length of lengths) {
        files[`text-${round}-${length}`] = text(length);
        files[`noise-${round}-${length}`] = noise(length);
      }
    }
    // Longer than what is held until its size is known.
    files['large'] = noise(9 * KIB * KIB);
    for (const level of [0, 6] as const) expected.set(level, await inMemory(files, level));
  });

  it.each([0, 1, 2])('is never read after it was given back, with %i threads', async (threads) => {
    memory.wiped = 0;
    for (const level of [6, 0] as const) {
      const zip = expected.get(level) as Uint8Array;
      await expectSameZip(`${threads}-${level}`, files, { level, threads }, zip);
    }
    expect(memory.wiped).toBeGreaterThan(18 * KIB * KIB);
  });

  it('is given back by each file, so that few blocks are in use', async () => {
    const many: Files = {};
    for (let i = 0; i < 1000; i++) many[`${i % 50}/${i}.js`] = text(3000 + i);
    const zip = await inMemory(many, 6);
    [memory.wiped, memory.loans] = [0, 0];
    await expectSameZip('many', many, { threads: 1 }, zip);
    expect(memory.loans).toBeGreaterThan(2 * KIB * KIB);
    // Four MiB are read ahead. The block that lends the next bytes may still be in use.
    expect(memory.loans - memory.wiped).toBeLessThan(KIB * KIB);
  });

  it('never lends bytes that are lent', () => {
    const action = fc.record({
      isReturn: fc.boolean(),
      length: fc.nat(600 * KIB),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const { lend, giveBack } = reusedMemory(() => {});
        const loans: { bytes: Uint8Array; mark: number }[] = [];
        actions.forEach(({ isReturn, length, which }, index) => {
          if (isReturn && loans.length > 0) {
            const [loan] = loans.splice(which % loans.length, 1);
            giveBack(loan?.bytes as Uint8Array);
            // A second return does nothing.
            giveBack(loan?.bytes as Uint8Array);
          } else {
            const bytes = lend(length);
            expect(bytes.length).toBe(length);
            bytes.fill(index + 1);
            loans.push({ bytes, mark: index + 1 });
          }
          for (const { bytes, mark } of loans) {
            expect(bytes[0] ?? mark).toBe(mark);
            expect(bytes.at(-1) ?? mark).toBe(mark);
          }
        });
      }),
    );
  });

  it('ignores bytes that it has not lent', () => {
    const { lend, giveBack } = reusedMemory(() => {});
    const loan = lend(10);
    giveBack(loan.subarray());
    giveBack(new Uint8Array(10));
    expect(lend(10).byteOffset).toBe(loan.byteOffset + 10);
  });
});

// Tests of the message and the place that each reader reports of the archives that a test file lists.

import { describe, expect, it } from 'vitest';
import { rejection } from './errors.ts';
import { viaBundle, viaRanges, viaStream } from './zip.ts';

/** The message and `offset` of an error. */
export type Said = readonly [message: string, offset?: number | undefined];

interface Case {
  readonly name: string;
  readonly zip: Uint8Array;
  readonly whole: Said;
  readonly forward: Said;
}

export interface RefusedZips {
  /**
   * Adds an archive.
   *
   * @param whole - What `unzipBundle` and `openZip` report, which begin with the directory.
   * @param forward - What `unzipStream` reports, which reads forward. Default: the same.
   */
  refuse(name: string, zip: Uint8Array, whole: Said, forward?: Said): void;
  /** Makes a test for each archive that was added before, and each reader. */
  test(): void;
}

export function refusedZips(): RefusedZips {
  const cases: Case[] = [];
  return {
    refuse(name, zip, whole, forward = whole) {
      cases.push({ name, zip, whole, forward });
    },
    test() {
      describe.each([
        ['unzipBundle', viaBundle, 'whole'],
        ['openZip', viaRanges, 'whole'],
        ['unzipStream', viaStream, 'forward'],
      ] as const)('%s says what is wrong and where', (_, read, way) => {
        it.each(cases)('$name', async ({ zip, [way]: [message, offset] }) => {
          const error = await rejection(read(zip), 'ERR_ARCHIVE_INVALID');
          expect(error.message).toBe(message);
          expect(error.offset).toBe(offset);
          expect(error.path).toBe(/^"(.*?)" /.exec(message)?.[1]);
        });
      });
    },
  };
}

// Tests that each of the three readers refuses the archives that a test file lists.

import { describe, expect, it } from 'vitest';
import { BundleSealError } from '../../src/zip.ts';
import { READERS } from './readers.ts';

interface Case {
  readonly name: string;
  readonly zip: Uint8Array;
  readonly message: RegExp;
  readonly path?: string;
}

export interface HostileZips {
  /**
   * Adds an archive.
   *
   * @param message - Matches the message of every reader.
   * @param path - `path` of every error. Default: not compared.
   */
  refuse(name: string, zip: Uint8Array, message: RegExp, path?: string): void;
  /** Makes a test for each archive that was added before, and each reader. */
  test(): void;
}

export function hostileZips(): HostileZips {
  const cases: Case[] = [];
  return {
    refuse(name, zip, message, path) {
      cases.push({ name, zip, message, ...(path === undefined ? {} : { path }) });
    },
    test() {
      describe.each(READERS)('%s', (_, read) => {
        it.each(cases)('refuses: $name', async ({ zip, message, path }) => {
          const error: unknown = await read(zip).then(
            () => 'read',
            (thrown: unknown) => thrown,
          );
          expect(error).toBeInstanceOf(BundleSealError);
          const { code, message: said, path: shown } = error as BundleSealError;
          expect(code, said).toBe('ERR_ARCHIVE_INVALID');
          expect(said).toMatch(message);
          if (path !== undefined) expect(shown).toBe(path);
          // Nothing that moves the cursor or turns the text may reach a terminal.
          expect(said).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        });
      });
    },
  };
}

// The copy of zlib in src is what its script makes of the pinned package.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

describe('the copy of zlib', () => {
  it('is what `npm run update:zlib` writes', () => {
    expect(() => execFileSync(process.execPath, ['build/zlib.js', '--check'])).not.toThrow();
  });

  it('keeps the notices of its licences', () => {
    for (const name of ['zlib-wasm.ts', 'zlib-script.ts']) {
      const text = readFileSync(`src/archive/write/${name}`, 'utf8');
      expect(text).toMatch(
        /\/\*!\nzlib[\s\S]*Jean-loup Gailly and Mark Adler[\s\S]*Gildas Lormeau/,
      );
    }
  });
});

// The readers of docs/readers.md in Swift. `npm run test:swift` compiles and runs them. It needs a Swift compiler with
// Foundation, and on Linux the headers of OpenSSL, because stand-ins take the place of Apple's CryptoKit and Security.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { testBundleReader } from '../support/bundle-reader.ts';
import { testPatchReader } from '../support/patch-reader.ts';

const HERE = join(import.meta.dirname, 'swift');
const PAGE = join(import.meta.dirname, '../../docs/readers.md');
const isApple = process.platform === 'darwin';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-swift-'));
  if (!isApple) for (const name of ['CryptoKit', 'Security']) standIn(name);
  const blocks = [...readFileSync(PAGE, 'utf8').matchAll(/^```swift\n(.*?)^```$/gms)];
  expect(blocks).toHaveLength(2);
  for (const [i, name] of ['bundle', 'patch'].entries()) compile(name, blocks[i]?.[1] as string);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function swift(...parameters: readonly string[]): void {
  execFileSync('swiftc', ['-O', '-suppress-warnings', ...parameters], { cwd: folder });
}

function standIn(name: string): void {
  const parameters = ['-emit-module', '-emit-library', '-module-name', name];
  swift(...parameters, '-I', join(HERE, 'COpenSSL'), join(HERE, `${name}.swift`));
}

function compile(name: string, reader: string): void {
  // Only Apple's Foundation turns its own types into those of Core Foundation.
  const code = isApple ? reader : reader.replaceAll(/ as CF(Data|Dictionary)\b/g, '');
  writeFileSync(join(folder, `${name}.swift`), code);
  writeFileSync(join(folder, 'main.swift'), readFileSync(join(HERE, `${name}-main.swift`)));
  const here = ['-I', '.', '-I', join(HERE, 'COpenSSL'), '-L', '.'];
  const libraries = ['-lCryptoKit', '-lSecurity', '-Xlinker', '-rpath', '-Xlinker', folder];
  swift(`${name}.swift`, 'main.swift', '-o', name, ...(isApple ? [] : [...here, ...libraries]));
}

/** Runs a compiled reader; returns the lines that it prints. */
function run(name: string, parameters: readonly string[]): readonly string[] {
  const output = execFileSync(join(folder, name), parameters, { encoding: 'utf8' });
  return output.split('\n').slice(0, -1);
}

describe('the reader in Swift', () => {
  testBundleReader({ folder: () => folder, run: (key, paths) => run('bundle', [key, ...paths]) });
});

describe('the reader of patches in Swift', () => {
  testPatchReader({ folder: () => folder, run: (paths) => run('patch', paths) });
});

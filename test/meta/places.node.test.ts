// Unit tests stand in the folder of the module that they test, vitest.config.ts names files that exist, and src/ has one
// module for each exported name.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
// The tests of the statistics of bench/, which src/ does not have.
const OUTSIDE_SRC = ['bench'];

const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .map((file) => `test/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'));

/** Every glob that the braces of a glob stand for. */
function withoutBraces(glob: string): string[] {
  const [all, options] = /\{([^{}]+)\}/.exec(glob) ?? [];
  if (all === undefined || options === undefined) return [glob];
  return options.split(',').flatMap((option) => withoutBraces(glob.replace(all, option)));
}

function patternOf(glob: string): RegExp {
  const parts = glob.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(?:.+/)?';
    return part === '*' ? '[^/]*' : part.replace(/[.+?^$()[\]|\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** The globs of a list in vitest.config.ts, without braces. */
function globsOf(list: string): string[] {
  const text = readFileSync(join(ROOT, 'vitest.config.ts'), 'utf8');
  const [, body = ''] = new RegExp(`const ${list} = \\[\\n([^\\]]+)\\];`).exec(text) ?? [];
  return [...body.matchAll(/'([^']+)'/g)].flatMap(([, glob]) => withoutBraces(glob as string));
}

describe('the files of test/unit', () => {
  it('stand in a folder that src/ has too', () => {
    const folders = tests
      .filter((file) => file.startsWith('test/unit/'))
      .map((file) => dirname(file).slice('test/unit/'.length))
      .filter((folder) => !OUTSIDE_SRC.includes(folder));
    expect(folders.length).toBeGreaterThan(200);
    expect(folders.filter((folder) => !existsSync(join(ROOT, 'src', folder)))).toEqual([]);
  });
});

describe('the lists of vitest.config.ts', () => {
  it.each(['FAST', 'SLOW'])('name existing files alone: %s', (list) => {
    const globs = globsOf(list);
    expect(globs.length).toBeGreaterThan(10);
    const matchesNone = (glob: string) => !tests.some((file) => patternOf(glob).test(file));
    expect(globs.filter(matchesNone)).toEqual([]);
  });
});

describe('a name that a module of src/ exports', () => {
  it('is not exported by another module with another meaning', () => {
    const modules = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll('\\', '/'))
      // bundleseal/capgo has the names of bundleseal, and the texts of init are modules of the app.
      .filter((file) => file.endsWith('.ts') && !/^(capgo|cli\/init)\//.test(file));
    const modulesOf = new Map<string, Set<string>>();
    for (const file of modules) {
      const text = readFileSync(join(ROOT, 'src', file), 'utf8');
      const names = text.matchAll(
        /^export (?:async )?(?:function\*?|const|interface|type|class) (\w+)/gm,
      );
      for (const [, name = ''] of names) {
        modulesOf.set(name, (modulesOf.get(name) ?? new Set()).add(file));
      }
    }
    expect(modulesOf.size).toBeGreaterThan(1000);
    // Each thread starts with `main`, and so does the command line.
    modulesOf.delete('main');
    const shared = [...modulesOf].filter(([, files]) => files.size > 1);
    expect(shared.map(([name, files]) => `${name}: ${[...files].join(', ')}`)).toEqual([]);
  });
});

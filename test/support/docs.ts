// Finds the blocks of code in Markdown and in docstrings.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeModule } from '../../src/cli/key-module.ts';
import { keyB } from './vectors.ts';

export const ROOT: string = join(import.meta.dirname, '../..');

export interface Block {
  readonly file: string;
  readonly language: string;
  readonly code: string;
  /** The origin of the block, for names of tests. */
  readonly from: string;
}

/** Lists files below a folder, without installed packages. */
function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesIn(path, ending);
      return entry.name.endsWith(ending) ? [path] : [];
    });
}

/** All pages for readers, without generated reports (etc/). */
export const pages: readonly string[] = [
  ...readdirSync(ROOT).filter((file) => file.endsWith('.md')),
  ...['docs', 'test', 'bench', 'examples'].flatMap((folder) => filesIn(folder, '.md')),
];
export const sources: readonly string[] = filesIn('src', '.ts');

function blocksIn(file: string): Block[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  // In a docstring each line begins with an asterisk.
  const plain = file.endsWith('.ts') ? text.replace(/^[ \t]*\* ?/gm, '') : text;
  const found = plain.matchAll(/^([ \t]*)```([^\n`]*)\n([\s\S]*?)^\1```$/gm);
  return [...found].map(([, , language, code], i) => ({
    file,
    language: (language as string).trim(),
    code: code as string,
    from: `${file}, block ${i + 1}`,
  }));
}

export const blocks: readonly Block[] = [...sources, ...pages].flatMap(blocksIn);
export const examples: readonly Block[] = blocks.filter(({ language }) =>
  ['ts', 'js'].includes(language),
);

/** Writes the module of public keys that examples import, as `key save --module` does. */
export async function writeKeyModule(path: string): Promise<void> {
  await writeModule(path, [keyB.spki], false);
}

// Every block of code in the documentation is checked: TypeScript compiles and runs, commands run, and a page says so
// to its reader where a block is neither.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { blocks, examples, pages, ROOT, writeKeyModule } from '../support/docs.ts';

interface Elsewhere {
  readonly language: string;
  readonly pages: RegExp;
  /** The file that runs the block. */
  readonly run?: string | readonly string[];
  /** For a block that nothing runs: the words of the page that say so. */
  readonly said?: string;
}

const ELSEWHERE: readonly Elsewhere[] = [
  {
    language: 'sh',
    pages: /^docs\/guides\/first-update\.md$/,
    run: 'test/examples/first-update.node.test.ts',
  },
  {
    language: 'javascript',
    pages: /^docs\/guides\/first-update\.md$/,
    run: 'test/examples/first-update.node.test.ts',
  },
  {
    language: 'text',
    pages: /^docs\/guides\/first-update\.md$/,
    said: 'so no test runs them',
  },
  {
    language: 'text',
    pages: /^docs\/guides\/pwa\.md$/,
    run: 'test/examples/routers.node.test.ts',
  },
  {
    language: 'sh',
    pages: /^(README\.md|docs\/guides\/(?!first-update))/,
    run: 'test/unit/cli/docs.node.test.ts',
  },
  // These take minutes: CI calls them.
  { language: 'sh', pages: /^test\/runtimes\/README\.md$/, run: '.ci/runtimes' },
  { language: 'sh', pages: /^test\/consumers\/README\.md$/, run: '.ci/consumers' },
  { language: 'sh', pages: /^test\/stores\/README\.md$/, run: '.ci/part' },
  { language: 'sh', pages: /^test\/fuzz\/README\.md$/, said: 'ten minutes, all targets in turn' },
  { language: 'sh', pages: /^test\/mutation\/README\.md$/, said: 'CI does not run it' },
  { language: 'sh', pages: /^bench\/peers\/README\.md$/, run: 'bench/peers/run.js' },
  {
    language: 'java',
    pages: /^docs\/readers\.md$/,
    run: ['test/interop/java-reader.node.test.ts', 'test/interop/java-patch-reader.node.test.ts'],
  },
  {
    language: 'kotlin',
    pages: /^docs\/readers\.md$/,
    said: 'the tests do not compile or run these lines',
  },
  { language: 'swift', pages: /^docs\/readers\.md$/, said: '`npm run test:swift` compiles it' },
  { language: 'text', pages: /^docs\/format\.md$/, run: 'test/meta/format-page.node.test.ts' },
  {
    language: 'typescript',
    pages: /^docs\/guides\/key-service\.md$/,
    run: 'test/interop/pkcs11.node.test.ts',
  },
  {
    language: 'javascript',
    pages: /^docs\/guides\/key-service\.md$/,
    said: 'This code was not run, as it needs an account',
  },
  {
    language: 'text',
    pages: /^docs\/guides\/publishing\.md$/,
    said: '**these commands were not run**',
  },
  {
    language: 'yaml',
    pages: /^docs\/guides\/publishing\.md$/,
    run: 'test/meta/publishing-guide.node.test.ts',
  },
  {
    language: 'text',
    pages: /^docs\/guides\/node\.md$/,
    said: 'no test runs them',
  },
  {
    language: 'html',
    pages: /^docs\/guides\/node\.md$/,
    run: 'test/examples/guides.node.test.ts',
  },
  {
    language: 'javascript',
    pages: /^docs\/guides\/(pwa|node|electron|capacitor)\.md$/,
    run: 'test/examples/guides.node.test.ts',
  },
  {
    language: 'javascript',
    pages: /^docs\/guides\/vite\.md$/,
    run: 'test/consumers/plugin.js',
  },
  {
    language: 'yaml',
    pages: /^docs\/guides\/ci\.md$/,
    run: 'test/meta/workflow-example.node.test.ts',
  },
  // Pictures, not code.
  { language: 'mermaid', pages: /^CONTRIBUTING\.md$/, run: 'test/meta/layers.node.test.ts' },
];

const ENTRIES = [
  'index',
  'node',
  'zip',
  'release',
  'update',
  'update-testing',
  'capgo',
  'capgo-node',
  'vite',
];
const nameOf = (entry: string) =>
  entry === 'index' ? 'bundleseal' : `bundleseal/${entry.replace('-', '/')}`;
const fileOf = (entry: string) => join(ROOT, `src/${entry}.ts`);

describe('blocks of code', () => {
  it('are found, in pages, guides and docstrings', () => {
    const withBlocks = new Set(blocks.map(({ file }) => file));
    expect([...withBlocks]).toEqual(
      expect.arrayContaining([
        'README.md',
        'docs/capgo.md',
        'docs/guides/ci.md',
        'src/bundle/decrypt.ts',
      ]),
    );
    expect(examples.length).toBeGreaterThan(30);
    // No test would run an example in a fence that the parser does not recognise.
    for (const page of pages) {
      const fences = readFileSync(join(ROOT, page), 'utf8').match(/^[ \t>]*(```|~~~)/gm) ?? [];
      expect(fences.length / 2, page).toBe(blocks.filter(({ file }) => file === page).length);
    }
  });

  it.each(blocks.filter((block) => !examples.includes(block)))(
    '$from is run elsewhere, or says that it is not',
    ({ file, language }) => {
      const [entry, ...others] = ELSEWHERE.filter(
        (each) => each.language === language && each.pages.test(file),
      );
      expect(entry, `${language} in ${file}: nobody runs this`).toBeDefined();
      expect(others).toEqual([]);
      if (entry?.run !== undefined) {
        for (const path of [entry.run].flat())
          expect(existsSync(join(ROOT, path)), path).toBe(true);
      } else expect(readFileSync(join(ROOT, file), 'utf8')).toContain(entry?.said);
    },
  );

  it('has no exception that is not needed', () => {
    for (const { language, pages: where } of ELSEWHERE) {
      const meant = blocks.some((block) => block.language === language && where.test(block.file));
      expect(meant, `${language} ${where}`).toBe(true);
    }
  });
});

describe('commands of bundleseal', () => {
  // The changelog and the benchmarks name commands and ask nobody to run them.
  const told = pages.filter((page) => !/^(CHANGELOG|docs\/benchmarks)\.md$/.test(page));

  it.each(told)('run in a project, where bundleseal is a dependency: %s', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    expect(text.match(/(^|`|\$ )bundleseal (key|bundle|release|init|doctor) .*/gm) ?? []).toEqual(
      [],
    );
  });
});

describe('examples of TypeScript', () => {
  let program: ts.Program;
  let keyModule: string;
  const KEY_MODULE = join(ROOT, 'bundleseal-key.ts');
  const pathOf = (i: number) => join(ROOT, `example-${i}.ts`);

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bundleseal-docs-'));
    await writeKeyModule(join(folder, 'key.ts'));
    keyModule = readFileSync(join(folder, 'key.ts'), 'utf8');
    rmSync(folder, { recursive: true });
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
    const texts = new Map(examples.map(({ code }, i) => [pathOf(i), code]));
    texts.set(KEY_MODULE, keyModule);
    const settings: ts.CompilerOptions = {
      ...options,
      isolatedDeclarations: false,
      declaration: false,
      noUnusedLocals: false,
      // For `for await` over a stream, as Node's own types have it.
      lib: [...(options.lib ?? []), 'lib.dom.asynciterable.d.ts'],
      paths: Object.fromEntries(ENTRIES.map((entry) => [nameOf(entry), [fileOf(entry)]])),
    };
    const host = ts.createCompilerHost(settings);
    const { readFile, fileExists } = host;
    host.readFile = (path) => texts.get(path) ?? readFile(path);
    host.fileExists = (path) => texts.has(path) || fileExists(path);
    program = ts.createProgram([...texts.keys(), ...ENTRIES.map(fileOf)], settings, host);
  });

  it.each(examples.map(({ from }, i) => ({ from, i })))('of $from compiles', ({ i }) => {
    const file = program.getSourceFile(pathOf(i)) as ts.SourceFile;
    const said = [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ];
    expect(
      said.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')),
    ).toEqual([]);
  });

  it('compile as in an app of a Vite template, where nothing of Node is known', () => {
    const settings: ts.CompilerOptions = {
      ...program.getCompilerOptions(),
      types: [],
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    };
    const meant = examples.flatMap(({ code, from }, i) =>
      /node:|\/node'|\bprocess\b|\bBuffer\b/.test(code) ? [] : [{ code, from, path: pathOf(i) }],
    );
    expect(meant.length).toBeGreaterThan(20);
    const texts = new Map(meant.map(({ path, code }) => [path, code]));
    texts.set(KEY_MODULE, keyModule);
    const host = ts.createCompilerHost(settings);
    const { readFile, fileExists, getSourceFile } = host;
    host.readFile = (path) => texts.get(path) ?? readFile(path);
    host.fileExists = (path) => texts.has(path) || fileExists(path);
    // The settings do not change how a file is parsed.
    host.getSourceFile = (path, ...more) =>
      program.getSourceFile(path) ?? getSourceFile(path, ...more);
    const inApp = ts.createProgram([...texts.keys()], settings, host);
    const said = meant.flatMap(({ path, from }) =>
      inApp
        .getSemanticDiagnostics(inApp.getSourceFile(path) as ts.SourceFile)
        .map(({ messageText }) => `${from}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
    );
    expect(said).toEqual([]);
  });

  it.each(ENTRIES)('is in the docstring of each function of %s', (entry) => {
    const checker = program.getTypeChecker();
    const file = program.getSourceFile(fileOf(entry)) as ts.SourceFile;
    const module = checker.getSymbolAtLocation(file) as ts.Symbol;
    const shown = new Map<string, boolean>();
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol =
        exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const functions = (symbol.declarations ?? []).filter(ts.isFunctionDeclaration);
      if (functions.length === 0) continue;
      const text = functions.map((each) => each.getFullText()).join('\n');
      shown.set(exported.name, /^ *\* ```ts$/m.test(text));
    }
    expect(shown.size).toBeGreaterThan(0);
    const unseen = [...shown].filter(([, has]) => !has).map(([name]) => name);
    expect(unseen).toEqual([]);
  });
});

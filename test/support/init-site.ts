// A website with the modules that `init` writes for a page and its service worker, built without a project.

import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { build as buildWithVite } from 'vite';
import { inlineWorkersInVite } from '../../build/inline-worker.js';
import type { Answers } from '../../src/cli/init/answers.ts';
import type { Project } from '../../src/cli/init/project.ts';
import { websiteFiles } from '../../src/cli/init/website.ts';
import { builtLibrary, builtOnce } from './built-once.ts';
import { writeFiles } from './folder-files.ts';
import { keyB } from './vectors.ts';
import { utf8 } from './zip.ts';

const ROOT = join(import.meta.dirname, '../..');

const PROJECT = { isTypeScript: false, hasVite: false } as Project;
const ANSWERS = {
  url: '/updates/',
  channel: 'production',
  appId: 'com.example.app',
} as const;

/** Frameworks are among the packages of users' tools. */
const NODE_PATHS = [join(ROOT, 'node_modules'), join(ROOT, 'test/consumers/node_modules')];

const PAGE = `<!doctype html>
<title>An app</title>
<body>
  <div id="root"></div>
  <script type="module" src="/main.js"></script>
</body>
`;

/** The end of the first module: it shows a button if another release is ready. */
const CALL = `
keepUpToDate().then((isReady) => {
  if (!isReady) return;
  const button = document.createElement('button');
  button.textContent = 'Another version is ready: reload';
  document.body.append(button);
}, console.error);
`;

export interface InitSite {
  /** Milliseconds for which the page may show nothing. Default: that of the module. */
  readonly timeout?: number;
  /** Whether the code of the app calls `keepUpToDate()` itself. Default: a call at the end shows a button. */
  readonly hasCall?: boolean;
  /** Whether Vite builds the page, into one chunk and lazy chunks of the library. Default: esbuild, into one file. */
  readonly hasVite?: boolean;
  /** For files that esbuild cannot read. */
  readonly plugins?: readonly Plugin[];
}

/** Lets a lazy chunk of the updater import the chunk of the app. Vite puts code that both need into the latter. */
function importsApp(entry: string) {
  return {
    name: 'imports-app',
    transform: (code: string, id: string) =>
      id.endsWith('/src/backend/webcrypto.ts')
        ? `import ${JSON.stringify(entry)};\n${code}`
        : undefined,
  };
}

/**
 * Builds the website in a new folder, for production.
 *
 * @param app - The code of the app, after the import of `keepUpToDate`.
 */
export async function buildInitSite(
  app: string,
  { timeout, hasCall = false, hasVite = false, plugins = [] }: InitSite = {},
): Promise<string> {
  const source = mkdtempSync(join(tmpdir(), 'bundleseal-source-'));
  const out = mkdtempSync(join(tmpdir(), 'bundleseal-build-'));
  const answers = { ...ANSWERS, framework: hasVite ? 'vite' : 'cra' } as Answers;
  const files = websiteFiles(PROJECT, answers).map(({ path, content }) => {
    const changed =
      timeout === undefined
        ? content
        : content.replace(
            'waitForFirstScreen()))',
            `waitForFirstScreen({ timeout: ${timeout} })))`,
          );
    return [path, changed] as const;
  });
  writeFiles(source, {
    ...Object.fromEntries(files.map(([path, text]) => [path, utf8(text)])),
    'src/bundleseal/key.js': utf8(`export const publicKeys = [${JSON.stringify(keyB.spki)}];`),
    'src/main.js': utf8(
      `import { keepUpToDate } from './bundleseal/update.js';\n${app}\n${hasCall ? '' : CALL}`,
    ),
  });
  const library = join(await builtLibrary(), 'update.js');
  const bundled = (entry: string, outfile: string, format: 'esm' | 'iife') =>
    build({
      entryPoints: [join(source, entry)],
      outfile,
      bundle: true,
      minify: true,
      format,
      alias: { 'bundleseal/update': library },
      define: { 'process.env.NODE_ENV': '"production"' },
      nodePaths: NODE_PATHS,
      plugins: [...plugins],
      logLevel: 'error',
    });
  if (hasVite) {
    writeFileSync(join(source, 'index.html'), PAGE.replace('/main.js', '/src/main.js'));
    await buildWithVite({
      root: source,
      configFile: false,
      logLevel: 'warn',
      build: { outDir: out, emptyOutDir: true },
      // The test runner sets NODE_ENV, so Vite would say that it builds for development.
      define: { 'import.meta.env.DEV': 'false' },
      // Sources, of which the plugin changes one.
      resolve: { alias: { 'bundleseal/update': join(ROOT, 'src/update.ts') } },
      plugins: [inlineWorkersInVite(), importsApp(join(source, 'src/main.js'))],
    });
  } else {
    await bundled('src/main.js', join(out, 'main.js'), 'esm');
    writeFileSync(join(out, 'index.html'), PAGE);
  }
  const digest = createHash('sha256').update(JSON.stringify(files)).digest('hex');
  const worker = await builtOnce(`worker-${digest}.js`, (outfile) =>
    bundled('src/bundleseal/sw.js', outfile, 'iife'),
  );
  cpSync(worker, join(out, 'sw.js'));
  rmSync(source, { recursive: true });
  return out;
}

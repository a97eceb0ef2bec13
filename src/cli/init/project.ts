// Reads the files of the app that init sets up, and detects answers to its questions.

import { lstat, readFile } from 'node:fs/promises';
import { basename, join, posix, relative, resolve, sep } from 'node:path';
import { onFile, UNREADABLE } from '../../files/error.ts';
import { exists } from '../../files/exists.ts';
import { UsageError } from '../answer.ts';
import { SEALED } from '../bundle-formats.ts';
import { findViteConfig, type ViteConfig } from '../config/dev-server.ts';
import { decodeFileText, findConfig } from '../config/files.ts';
import { readConfig } from '../config/read.ts';
import { type Manager, managerOf } from '../manager.ts';
import { dependenciesOf, findRoot, type Root } from '../project.ts';
import { SETTINGS } from '../release/settings.ts';

export type Framework =
  | 'vite'
  | 'next'
  | 'angular'
  | 'cra'
  | 'sveltekit'
  | 'capacitor'
  | 'electron'
  | 'static';

/** The first module of the app, which gets a call. */
interface Entry {
  readonly path: string;
  /** Its text with every byte. Absent: the file does not exist yet. */
  readonly text?: string;
  /** Whether a page loads it as a module. Others are modules if they import something. */
  readonly isModule?: boolean;
}

export interface Project extends Root {
  /** The text of package.json with every byte. */
  readonly packageText: string;
  readonly name: string;
  readonly hasVersion: boolean;
  readonly hasBuild: boolean;
  readonly framework: Framework;
  /** The build folder, relative to the current one. */
  readonly dir: string;
  readonly hasVite: boolean;
  /** The range of versions of Vue that package.json names, if it does. */
  readonly vue: string | undefined;
  /** The range of versions of React that package.json names, if it does. */
  readonly react: string | undefined;
  /** The package that puts an error boundary of React around the app, if package.json names one. */
  readonly reactBoundary: string | undefined;
  /** Whether package.json has this package among its dependencies. */
  readonly hasLibrary: boolean;
  /** The file outside of the repository that package.json names for this package, if there is one. */
  readonly libraryFile: string | undefined;
  /** Whether a SvelteKit app has the adapter that writes static files. */
  readonly hasStaticAdapter: boolean;
  /** Vite's config, if there is one. */
  readonly viteConfig: ViteConfig | undefined;
  readonly isTypeScript: boolean;
  readonly entry: Entry | undefined;
  readonly manager: Manager;
  readonly hasNetlify: boolean;
  /** The appId of the Capacitor config. */
  readonly configuredAppId: string | undefined;
  readonly keys: 'none' | 'here';
  /** Whether a passphrase protects the existing private key. */
  readonly isKeyProtected: boolean;
}

interface Package {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly scripts?: unknown;
  readonly dependencies?: unknown;
  readonly devDependencies?: unknown;
}

/**
 * Reads a file's text with every byte. Returns `undefined` if there is no file.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the file cannot be read or is not UTF-8.
 */
async function readText(path: string): Promise<string | undefined> {
  const bytes = await bytesOf(path);
  return bytes && decodeFileText(path, bytes);
}

/** Reads a file's bytes. Returns `undefined` if there is no file. */
export async function bytesOf(path: string): Promise<Buffer | undefined> {
  const there = await lstat(path).catch(() => undefined);
  return there === undefined ? undefined : onFile(path, UNREADABLE, readFile(path));
}

/**
 * Examines the app in the current folder without running its code.
 *
 * @throws {@link UsageError} if there is no package.json here, or it is not JSON, or init cannot add members to it.
 */
export async function readProject(): Promise<Project> {
  const packageText = await readText('package.json');
  if (packageText === undefined) {
    const { root } = findRoot();
    const { name } = managerOf(root);
    throw new UsageError(
      `there is no package.json here: run npx bundleseal init in the app's folder, or make one with ${name} init`,
    );
  }
  const content = parsePackage(packageText);
  const names = dependenciesOf(content);
  const framework = frameworkOf(names);
  const config = await capacitorOf();
  const isTypeScript = await exists('tsconfig.json');
  const { root, hosting } = findRoot();
  const viteConfig = await findViteConfig(names);
  return {
    packageText,
    name:
      typeof content.name === 'string' && content.name !== ''
        ? content.name
        : basename(resolve('.')),
    hasVersion: typeof content.version === 'string' && content.version !== '',
    hasBuild: Object.hasOwn(objectOf(content.scripts), 'build'),
    framework,
    dir: config.webDir ?? (await buildFolderOf(framework, names, viteConfig)),
    hasVite: names.has('vite'),
    vue: rangeOf(content, 'vue'),
    react: rangeOf(content, 'react'),
    reactBoundary: REACT_BOUNDARIES.find((name) => names.has(name)),
    hasLibrary: names.has('bundleseal'),
    libraryFile: libraryFileOf(content, root),
    hasStaticAdapter: names.has('@sveltejs/adapter-static'),
    viteConfig,
    isTypeScript,
    entry: await entryOf(framework, isTypeScript, viteConfig),
    manager: managerOf(root),
    hosting,
    root,
    hasNetlify: await exists(join(root, 'netlify.toml')),
    configuredAppId: config.appId,
    keys:
      (await exists(SEALED.privateKeyFile)) || (await exists(SEALED.publicKeyFile))
        ? 'here'
        : 'none',
    isKeyProtected: ((await bytesOf(SEALED.privateKeyFile)) ?? Buffer.of()).includes('ENCRYPTED'),
  };
}

/**
 * Returns the command that removes this package from the dependencies. Returns `undefined` if package.json here does not name
 * it, or cannot be parsed.
 */
export async function uninstallCommand(root: string): Promise<string | undefined> {
  try {
    const text = (await readText('package.json')) ?? '{}';
    if (!dependenciesOf(parsePackage(text)).has('bundleseal')) return undefined;
  } catch {
    return undefined;
  }
  const { typed } = managerOf(root);
  return `${typed.remove} bundleseal`;
}

const REACT_BOUNDARIES = [
  'react-router',
  'react-router-dom',
  '@tanstack/react-router',
  'react-error-boundary',
] as const;

/** The range of versions that package.json names for a package, if it does. */
function rangeOf({ dependencies, devDependencies }: Package, name: string): string | undefined {
  const all: Readonly<Record<string, unknown>> = {
    ...objectOf(devDependencies),
    ...objectOf(dependencies),
  };
  return Object.hasOwn(all, name) ? String(all[name]) : undefined;
}

function libraryFileOf(content: Package, root: string): string | undefined {
  const [, file] = /^file:(.+)$/.exec(rangeOf(content, 'bundleseal') ?? '') ?? [];
  if (file === undefined) return undefined;
  const isOutside = relative(resolve(root), resolve(file)).startsWith('..');
  return isOutside ? file : undefined;
}

function parsePackage(text: string): Package {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    // The error below reports it.
  }
  if (!isObject(content)) {
    throw new UsageError('package.json here is no JSON object: repair it first');
  }
  const wrong = GROUPS.find((name) => Object.hasOwn(content, name) && !isObject(content[name]));
  if (wrong === undefined) return content;
  throw new UsageError(
    `package.json here has a member "${wrong}" that is no object: repair it or remove it first`,
  );
}

/** The members of package.json to which init adds members. */
const GROUPS: readonly string[] = ['scripts', SETTINGS, 'devDependencies'];

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const objectOf = (value: unknown): object =>
  typeof value === 'object' && value !== null ? value : {};

function frameworkOf(names: ReadonlySet<string>): Framework {
  const marks: readonly (readonly [string, Framework])[] = [
    // Checked first, because an app for phones or desktops also uses one of the other frameworks.
    ['@capacitor/core', 'capacitor'],
    ['electron', 'electron'],
    ['@sveltejs/kit', 'sveltekit'],
    ['next', 'next'],
    ['@angular/core', 'angular'],
    ['react-scripts', 'cra'],
    ['vite', 'vite'],
  ];
  return marks.find(([name]) => names.has(name))?.[1] ?? 'static';
}

async function buildFolderOf(
  framework: Framework,
  names: ReadonlySet<string>,
  vite: ViteConfig | undefined,
): Promise<string> {
  if (framework === 'next') return 'out';
  if (framework === 'sveltekit' || names.has('react-scripts')) return 'build';
  if (names.has('@angular/core')) return (await angularFolder()) ?? 'dist';
  if (names.has('electron-vite')) return 'out/renderer';
  if (names.has('@electron-forge/plugin-vite')) return '.vite/renderer/main_window';
  if (names.has('vite')) {
    // The root may lie outside of this folder, and the build in it.
    const folder = relative('.', join(rootIn(vite), literalIn(vite, 'outDir') ?? 'dist'));
    return folder.split(sep).join('/');
  }
  // Other tools write into other folders, and a website without a tool has its files in one.
  for (const folder of ['dist', 'build', 'out', 'www', '_site', 'public']) {
    if (await exists(`${folder}/index.html`)) return folder;
  }
  return 'dist';
}

/** The folder that a config names by a literal. */
function literalIn(config: ViteConfig | undefined, name: string): string | undefined {
  return new RegExp(`\\b${name}:\\s*['"]([\\w./-]+)['"]`).exec(config?.text ?? '')?.[1];
}

/** The folder of the pages that Vite builds. */
function rootIn(vite: ViteConfig | undefined): string {
  return literalIn(vite, 'root') ?? '.';
}

async function angularFolder(): Promise<string | undefined> {
  try {
    const { projects } = JSON.parse((await readText('angular.json')) ?? '{}');
    const [name, project] = Object.entries(projects ?? {})[0] as [string, AngularProject];
    const { builder = '', options } = project.architect?.build ?? {};
    const { outputPath = `dist/${name}` } = options ?? {};
    // The builder of Angular 16 and earlier makes no folder for the browser.
    if (typeof outputPath === 'string') {
      return builder.endsWith(':browser') ? outputPath : `${outputPath}/browser`;
    }
    return [outputPath.base, outputPath.browser ?? 'browser'].filter((one) => one !== '').join('/');
  } catch {
    return undefined;
  }
}

interface AngularProject {
  readonly architect?: {
    readonly build?: {
      readonly builder?: string;
      readonly options?: {
        readonly outputPath?: string | { readonly base: string; readonly browser?: string };
      };
    };
  };
}

async function entryOf(
  framework: Framework,
  isTypeScript: boolean,
  vite: ViteConfig | undefined,
): Promise<Entry | undefined> {
  if (framework === 'sveltekit') {
    const path = `src/hooks.client.${isTypeScript ? 'ts' : 'js'}`;
    const text = await readText(path);
    return text === undefined ? { path } : { path, text };
  }
  if (framework === 'next' || framework === 'static') return undefined;
  const named = await scriptOf([posix.join(rootIn(vite), 'index.html'), 'src/renderer/index.html']);
  const usual = ['main', 'index'].flatMap((name) =>
    ['ts', 'tsx', 'js', 'jsx'].map((end) => `src/${name}.${end}`),
  );
  for (const path of named === undefined ? usual : [named.path, ...usual]) {
    const text = await readText(path);
    if (text !== undefined) return { path, text, isModule: path === named?.path && named.isModule };
  }
  return undefined;
}

/** The first script in this folder that the first of these pages loads. */
async function scriptOf(
  pages: readonly string[],
): Promise<{ readonly path: string; readonly isModule: boolean } | undefined> {
  for (const page of pages) {
    const html = await readText(page);
    if (html === undefined) continue;
    const [tag, script] =
      /<script\b[^>]*\bsrc=["']\.?\/?([\w./-]+\.[mc]?[jt]sx?)["'][^>]*/.exec(html) ?? [];
    if (tag === undefined || script === undefined) return undefined;
    const path = posix.join(posix.dirname(page), script);
    const isModule = /\btype=["']module["']/.test(tag);
    return path.startsWith('../') ? undefined : { path, isModule };
  }
  return undefined;
}

async function capacitorOf(): Promise<{ readonly webDir?: string; readonly appId?: string }> {
  const file = await findConfig('.');
  if (file === undefined) return {};
  const { webDir, appId } = await readConfig(file);
  const text = (value: typeof webDir) =>
    value.kind === 'literal' && typeof value.value === 'string' && value.value !== ''
      ? value.value
      : undefined;
  const [folder, id] = [text(webDir), text(appId)];
  return {
    ...(folder !== undefined && { webDir: folder }),
    ...(id !== undefined && { appId: id }),
  };
}

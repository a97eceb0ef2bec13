// Reads the files of the app that init sets up, and detects answers to its questions.

import { basename, join, posix, relative, resolve } from 'node:path';
import { exists } from '../../files/leniency.ts';
import { UsageError } from '../answer.ts';
import { SEALED } from '../bundle-formats.ts';
import { findViteConfig, type ViteConfig } from '../config/dev-server.ts';
import { findConfig } from '../config/files.ts';
import { readConfig } from '../config/read.ts';
import { type Manager, managerOf } from '../package-manager.ts';
import { dependenciesOf, findRoot, type Root } from '../project.ts';
import { SETTINGS } from '../release/settings.ts';
import { findRelevant, type Source } from './button.ts';
import {
  adapterOption,
  buildFolderOf,
  type Framework,
  publicFolderOf,
  viteFolders,
} from './folders.ts';
import { scriptsOf } from './page.ts';
import { bytesOf, readText } from './read.ts';

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
  readonly version: string | undefined;
  readonly hasBuild: boolean;
  readonly framework: Framework;
  /** The build folder, relative to the current one. */
  readonly dir: string;
  readonly hasVite: boolean;
  /** The range of versions of Vue that package.json names, if it does. */
  readonly vue: string | undefined;
  /** Whether package.json names the router of Vue. */
  readonly hasVueRouter: boolean;
  /** The range of versions of React that package.json names, if it does. */
  readonly react: string | undefined;
  /** The package that puts an error boundary of React around the app, if package.json names one. */
  readonly reactBoundary: string | undefined;
  /** The range of versions of React Router that package.json names, if it does. */
  readonly reactRouter: string | undefined;
  /** The files that call the function of init, or belong to the router of React. */
  readonly relevant: readonly Source[];
  /** Whether package.json has this package among its dependencies. */
  readonly hasLibrary: boolean;
  /** The file outside of the repository that package.json names for this package, if there is one. */
  readonly libraryFile: string | undefined;
  /** Whether package.json names Angular. */
  readonly hasAngular: boolean;
  readonly kit: Kit;
  /** Whether the app's tool writes a file for every page, so that no page may answer for another one. */
  readonly hasPageFiles: boolean;
  /** Vite's config, if there is one. */
  readonly viteConfig: ViteConfig | undefined;
  /** The folder of the files that are copied into the build. */
  readonly publicFolder: string;
  /** The path of the website that Vite's config names. */
  readonly base: string | undefined;
  readonly isTypeScript: boolean;
  readonly entry: Entry | undefined;
  readonly manager: Manager;
  readonly hasNetlify: boolean;
  /** Whether the repository has a folder of GitHub. */
  readonly hasGitHubFolder: boolean;
  /** The appId of the Capacitor config. */
  readonly configuredAppId: string | undefined;
  readonly keys: 'none' | 'here';
  /** Whether a passphrase protects the private key. Undefined: the private key is not here. */
  readonly isKeyProtected: boolean | undefined;
}

/** What matters of an app made with SvelteKit. */
interface Kit {
  /** The range of versions of SvelteKit. */
  readonly version: string | undefined;
  /** The range of versions of the adapter that writes static files. */
  readonly adapter: string | undefined;
  /** The option of the adapter: the file for routes that are not rendered before. */
  readonly fallback: string | undefined;
}

interface Package {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly scripts?: unknown;
  readonly dependencies?: unknown;
  readonly devDependencies?: unknown;
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
  const { root, hosting, github } = findRoot();
  const viteConfig = await findViteConfig(names);
  const vite = viteConfig && (await viteFolders(viteConfig));
  const buildScript = textOf(objectOf(content.scripts)['build']);
  const kit = {
    version: rangeOf(content, '@sveltejs/kit'),
    adapter: rangeOf(content, '@sveltejs/adapter-static'),
    fallback: await adapterOption('fallback'),
  };
  return {
    packageText,
    name:
      typeof content.name === 'string' && content.name !== ''
        ? content.name
        : basename(resolve('.')),
    version: textOf(content.version) || undefined,
    hasBuild: Object.hasOwn(objectOf(content.scripts), 'build'),
    framework,
    dir: config.webDir ?? (await buildFolderOf({ framework, names, buildScript, vite })),
    hasVite: names.has('vite'),
    vue: rangeOf(content, 'vue'),
    hasVueRouter: names.has('vue-router'),
    react: rangeOf(content, 'react'),
    reactBoundary: REACT_BOUNDARIES.find((name) => names.has(name)),
    reactRouter: rangeOf(content, 'react-router') ?? rangeOf(content, 'react-router-dom'),
    relevant: await findRelevant(),
    hasLibrary: names.has('bundleseal'),
    libraryFile: libraryFileOf(content, root),
    hasAngular: names.has('@angular/core'),
    kit,
    hasPageFiles: GENERATORS.some((name) => names.has(name)),
    viteConfig,
    publicFolder: publicFolderOf(vite),
    base: vite?.base,
    isTypeScript,
    entry: await entryOf(framework, isTypeScript, vite?.root),
    manager: managerOf(root),
    hosting,
    github,
    root,
    hasNetlify: await exists(join(root, 'netlify.toml')),
    hasGitHubFolder: await exists(join(root, '.github')),
    configuredAppId: config.appId,
    keys:
      (await exists(SEALED.privateKeyFile)) || (await exists(SEALED.publicKeyFile))
        ? 'here'
        : 'none',
    isKeyProtected: (await bytesOf(SEALED.privateKeyFile))?.includes('ENCRYPTED'),
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

/** The routers come last, because one of them needs another line if it is the only package. */
const REACT_BOUNDARIES = [
  'react-error-boundary',
  '@tanstack/react-router',
  'react-router',
  'react-router-dom',
] as const;

/** Tools without a bundler for the page, each of which writes a file for every page. */
const GENERATORS = ['astro', '@11ty/eleventy', 'vitepress', '@docusaurus/core', 'gatsby', 'hexo'];

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

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

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

async function entryOf(
  framework: Framework,
  isTypeScript: boolean,
  root = '.',
): Promise<Entry | undefined> {
  if (framework === 'sveltekit') {
    const path = `src/hooks.client.${isTypeScript ? 'ts' : 'js'}`;
    const text = await readText(path);
    return text === undefined ? { path } : { path, text };
  }
  if (framework === 'next' || framework === 'static') return undefined;
  const usual = ['main', 'index'].flatMap((name) =>
    ['ts', 'tsx', 'js', 'jsx'].map((end) => ({ path: `src/${name}.${end}`, isModule: false })),
  );
  const pages = [posix.join(root, 'index.html'), 'src/renderer/index.html'];
  for (const { path, isModule } of (await scriptsOf(pages)) ?? usual) {
    const text = await readText(path);
    if (text !== undefined) return { path, text, isModule };
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

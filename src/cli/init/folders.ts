// Detects the folders of the app that init sets up, from the configs of its bundler. Runs no config.

import { join, posix, relative, sep } from 'node:path';
import { exists } from '../../files/leniency.ts';
import type { ViteConfig } from '../config/dev-server.ts';
import { literalOf } from '../config/literal.ts';
import { locate } from '../config/lookup.ts';
import { parseConfig } from '../config/parse.ts';
import {
  type Config,
  childrenOf,
  type Expression,
  isUnsure,
  type Node,
  nameOf,
  type ObjectProperty,
} from '../config/syntax.ts';
import { readText } from './read.ts';

export type Framework =
  | 'vite'
  | 'next'
  | 'angular'
  | 'cra'
  | 'sveltekit'
  | 'capacitor'
  | 'electron'
  | 'static';

/** The paths that a config of Vite names. */
export interface ViteFolders {
  /** The folder of the pages. */
  readonly root?: string | undefined;
  /** The folder of the build, relative to `root`. */
  readonly outDir?: string | undefined;
  /** The folder of the static files, relative to `root`. */
  readonly publicDir?: string | undefined;
  /** The path of the website on its server. */
  readonly base?: string | undefined;
}

/** Reads the paths from a config of Vite. In a config of electron-vite, the pages belong to the renderer. */
export async function viteFolders({ path, text }: ViteConfig): Promise<ViteFolders> {
  const above = path.startsWith('electron') ? ['renderer'] : [];
  return {
    root: await folderIn(path, text, [...above, 'root']),
    outDir: await folderIn(path, text, [...above, 'build', 'outDir']),
    publicDir: await folderIn(path, text, [...above, 'publicDir']),
    base: await folderIn(path, text, [...above, 'base']),
  };
}

/** The folder of the files that Vite copies into the build. Other tools have it too, except for Svelte's. */
export function publicFolderOf(vite: ViteFolders | undefined): string {
  return posix.join(vite?.root ?? '.', vite?.publicDir ?? 'public');
}

interface App {
  readonly framework: Framework;
  /** The packages that the app depends on. */
  readonly names: ReadonlySet<string>;
  /** The script `build` of package.json. */
  readonly buildScript: string;
  readonly vite: ViteFolders | undefined;
}

/** Detects the folder of the build, relative to the current folder. */
export async function buildFolderOf(app: App): Promise<string> {
  const { framework, names, buildScript, vite } = app;
  if (framework === 'next') return (await firstIn(NEXT, ['distDir'])) ?? 'out';
  if (framework === 'sveltekit') return (await adapterOption('pages')) ?? 'build';
  if (names.has('react-scripts')) {
    const settings = `${buildScript}\n${(await readText('.env')) ?? ''}`;
    return cleaned(/\bBUILD_PATH=["']?([\w./-]+)/.exec(settings)?.[1]) ?? 'build';
  }
  if (names.has('@angular/core')) return (await angularFolder()) ?? 'dist';
  if (names.has('electron-vite')) return 'out/renderer';
  if (names.has('@electron-forge/plugin-vite')) return '.vite/renderer/main_window';
  if (names.has('vite')) {
    const [, flag] = /\s--outDir[= ]["']?([\w./-]+)/.exec(buildScript) ?? [];
    // The root may lie outside of this folder, and the build in it.
    const folder = join(vite?.root ?? '.', flag ?? vite?.outDir ?? 'dist');
    return relative('.', folder).split(sep).join('/');
  }
  // Other tools write into other folders, and a website without a tool has its files in one.
  for (const folder of ['dist', 'build', 'out', 'www', '_site', 'public']) {
    if (await exists(`${folder}/index.html`)) return folder;
  }
  return 'dist';
}

const NEXT = ['js', 'mjs', 'ts'].map((end) => `next.config.${end}`);
/** Whether the config of Next.js makes it write a folder of static files. */
export async function isNextExported(): Promise<boolean> {
  return (await firstIn(NEXT, ['output'])) === 'export';
}

const SVELTE = ['js', 'mjs', 'ts'].map((end) => `svelte.config.${end}`);

const VITE = ['js', 'mjs', 'ts'].map((end) => `vite.config.${end}`);

/** Reads an option of SvelteKit's adapter. SvelteKit takes its options in Vite's config too. */
export async function adapterOption(name: string): Promise<string | undefined> {
  const own = await firstIn(SVELTE, ['kit', 'adapter', name]);
  return own ?? firstIn(VITE, ['plugins', 'adapter', name]);
}

async function firstIn(
  files: readonly string[],
  path: readonly string[],
): Promise<string | undefined> {
  for (const file of files) {
    const text = await readText(file);
    if (text !== undefined) return cleaned(await folderIn(file, text, path));
  }
  return undefined;
}

/** Returns the folder that a config names at a path of members. */
async function folderIn(
  file: string,
  text: string,
  path: readonly string[],
): Promise<string | undefined> {
  const config = await parseConfig(text, file);
  if (isUnsure(config)) return undefined;
  const place = locate(config, path);
  const found =
    isUnsure(place) || place.maybe !== undefined
      ? membersAt(config.tree, path)
      : place.members.slice(path.length - 1).map((member) => member.value);
  const folders = new Set(found.map((value) => folderOf(config, value)));
  const [only] = folders;
  return folders.size === 1 ? only : undefined;
}

/**
 * Finds the values at a path of members in each object of a config. It finds them also if a function makes the config of several
 * objects. It leaves out objects in other members, such as the options of a plugin.
 */
function membersAt(node: Node, path: readonly string[]): Expression[] {
  const [name, ...rest] = path;
  return childrenOf(node).flatMap((child) => {
    if (child.type !== 'ObjectProperty') return membersAt(child, path);
    const { key, value, computed } = child as unknown as ObjectProperty;
    if (nameOf(key, computed) !== name) return [];
    return rest.length === 0 ? [value] : membersAt(child, rest);
  });
}

const TEXT = /^[\w./-]+$/;
const RESOLVED =
  /^(?:path\.|posix\.)?(?:resolve|join)\(\s*(?:__dirname|import\.meta\.dirname|process\.cwd\(\))\s*,\s*(['"`])([\w./-]+)\1\s*,?\s*\)$/;
const OF_URL =
  /^fileURLToPath\(\s*new URL\(\s*(['"`])([\w./-]+)\1\s*,\s*import\.meta\.url\s*,?\s*\)\s*\)$/;

/** The folder of an expression: a text, or a path from the folder of the config. */
function folderOf(config: Config, value: Expression): string | undefined {
  const literal = literalOf(config, value, true)?.value;
  if (typeof literal === 'string') return TEXT.test(literal) ? literal : undefined;
  const text = config.text.slice(value.start, value.end);
  return (RESOLVED.exec(text) ?? OF_URL.exec(text))?.[2];
}

/** The path without `./` and a slash at its end. */
function cleaned(path: string | undefined): string | undefined {
  return path === undefined ? undefined : posix.join(path).replace(/(.)\/$/, '$1');
}

async function angularFolder(): Promise<string | undefined> {
  const { parse } = await import('jsonc-parser');
  // The file of Angular may have comments.
  const text = ((await readText('angular.json')) ?? '').replace(/^\ufeff/, '');
  try {
    const { projects, defaultProject }: AngularWorkspace = parse(text);
    const all = Object.entries(projects);
    const apps = all.filter(([, { projectType }]) => projectType !== 'library');
    const [name, project] = (all.find(([one]) => one === defaultProject) ?? apps[0]) as [
      string,
      AngularProject,
    ];
    const {
      builder = '',
      options,
      configurations,
      defaultConfiguration = 'production',
    } = (project.architect ?? project.targets)?.build ?? {};
    const outputPath =
      configurations?.[defaultConfiguration]?.outputPath ?? options?.outputPath ?? `dist/${name}`;
    if (typeof outputPath === 'string') {
      const base = cleaned(outputPath) as string;
      // The builder of Angular 16 and earlier makes no folder for the browser.
      return builder.endsWith(':browser') ? base : `${base}/browser`;
    }
    return cleaned(posix.join(outputPath.base, outputPath.browser ?? 'browser'));
  } catch {
    return undefined;
  }
}

interface AngularWorkspace {
  readonly projects: Readonly<Record<string, AngularProject>>;
  readonly defaultProject?: string;
}

interface AngularOptions {
  readonly outputPath?: string | { readonly base: string; readonly browser?: string };
}

interface AngularTargets {
  readonly build?: {
    readonly builder?: string;
    readonly options?: AngularOptions;
    readonly configurations?: Readonly<Record<string, AngularOptions>>;
    readonly defaultConfiguration?: string;
  };
}

interface AngularProject {
  readonly projectType?: string;
  readonly architect?: AngularTargets;
  readonly targets?: AngularTargets;
}

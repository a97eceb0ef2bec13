// Finds out whether Vite's dev server serves the private key of the project, and adds a list to the config of Vite that
// prevents it.

import { readFile } from 'node:fs/promises';
import { onFile, UNREADABLE } from '../../files/error.ts';
import { exists } from '../../files/leniency.ts';
import { isSameBut } from './check.ts';
import type { EditedText, Manual } from './edit.ts';
import { decodeFileText } from './files.ts';
import { insertMember } from './insert.ts';
import { literalOf } from './literal.ts';
import { locate } from './lookup.ts';
import { parseConfig } from './parse.ts';
import { applySplices } from './splice.ts';
import { type Config, childrenOf, isUnsure, type Node } from './syntax.ts';

/** A config file of Vite. Its code is not run. */
export interface ViteConfig {
  readonly path: string;
  readonly text: string;
}

/** What Vite's dev server must not give out: its own list, which a list in a config replaces, and a private key. */
export function deniedWith(key: string): string {
  return `['.env', '.env.*', '*.{crt,pem,key,p12,pfx,cer,der}', '.npmrc', '.yarnrc.yml', '**/.git/**', '${key}*']`;
}

// A longer pattern is not meant for one file.
const MAX_PATTERN = 100;

const PLUGIN = 'bundleseal/vite';

/**
 * Finds Vite's config in the current folder.
 *
 * @param packages - The names of the packages that the project depends on.
 * @throws {@link BundleSealError} `ERR_FILE` if the file cannot be read or is not UTF-8.
 */
export async function findViteConfig(
  packages: ReadonlySet<string>,
): Promise<ViteConfig | undefined> {
  const stem = packages.has('electron-vite') ? 'electron.vite.config' : 'vite.config';
  for (const end of ['js', 'mjs', 'ts', 'cjs', 'mts', 'cts']) {
    const path = `${stem}.${end}`;
    if (!(await exists(path))) continue;
    return { path, text: decodeFileText(path, await onFile(path, UNREADABLE, readFile(path))) };
  }
  return undefined;
}

/** Whether a path is that of a config of Vite. */
export function isViteConfig(path: string): boolean {
  return /^(electron\.)?vite\.config\.[cm]?[jt]s$/.test(path);
}

/** Whether the config keeps the dev server from giving out a private key: by `server.fs.deny`, or by our plugin. */
export async function keepsFromServer({ path, text }: ViteConfig, key: string): Promise<boolean> {
  const config = await parseConfig(text, path);
  if (isUnsure(config)) return text.includes(key) || text.includes(PLUGIN);
  const isNamed = textsIn(config.tree).some((one) => one === PLUGIN || one.includes(key));
  return isNamed || deniedIn(config, path).some((pattern) => covers(pattern, key));
}

/** The members to add to a config that has none of them. */
export function denyLine(path: string, key: string): string {
  const wrapped = (inner: string, name: string) =>
    `${name}: ${inner.startsWith('[') ? inner : `{ ${inner} }`}`;
  return pathIn(path).reduceRight(wrapped, deniedWith(key));
}

/**
 * Adds `server.fs.deny` to a config that has none.
 *
 * It parses the new text again and checks that nothing else has changed. A list that the config has already is not changed:
 * the user adds the pattern to it.
 */
export async function denyKey(
  { path, text }: ViteConfig,
  key: string,
): Promise<EditedText | Manual> {
  const members = pathIn(path);
  const manual = denyLine(path, key);
  const config = await parseConfig(text, path);
  if (isUnsure(config)) return { manual, reason: config.unsure };
  const place = locate(config, members);
  if (isUnsure(place)) return { manual, reason: place.unsure };
  if (place.missing.length === 0)
    return { manual: `'${key}*' in the list of ${members.join('.')}`, reason: 'it has a list' };
  if (place.maybe !== undefined) return { manual, reason: place.maybe };
  const listIn = ({ quote }: { readonly quote: string }) => deniedWith(key).replaceAll("'", quote);
  const splices = insertMember(config, place.holders, place.missing, listIn);
  const edited = applySplices(text, splices);
  const after = await parseConfig(edited, path);
  const found = isUnsure(after) ? after : locate(after, members);
  const added = isUnsure(found) ? undefined : found.members[place.members.length];
  if (isUnsure(after) || added === undefined || !isSameBut(config, [], after, [added], splices))
    return { manual, reason: 'the edit would also change other values' };
  return { edited };
}

/** The path of the list. In a config of electron-vite, the renderer has the dev server. */
function pathIn(path: string): string[] {
  const list = ['server', 'fs', 'deny'];
  return path.startsWith('electron') ? ['renderer', ...list] : list;
}

function deniedIn(config: Config, path: string): string[] {
  const place = locate(config, pathIn(path));
  const list = isUnsure(place) || place.missing.length > 0 ? undefined : place.members.at(-1);
  const value = list === undefined ? undefined : literalOf(config, list.value, true)?.value;
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** Whether a pattern of `server.fs.deny` matches the name of a file. Only `*` and a leading `**` with a slash are known. */
function covers(pattern: string, name: string): boolean {
  if (pattern.length > MAX_PATTERN) return false;
  const parts = pattern.replace(/^\*\*\//, '').split(/\*+/);
  const texts = parts.map((part) => part.replace(/[^\w]/g, '\\$&'));
  return new RegExp(`^${texts.join('.*')}$`, 'i').test(name);
}

/** The values of all string literals. */
function textsIn(node: Node): string[] {
  const own = node.type === 'StringLiteral' ? [String(node['value'])] : [];
  return [...own, ...childrenOf(node).flatMap(textsIn)];
}

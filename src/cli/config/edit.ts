// Changing one member of a plugin's settings in an app's config.
//
// The text is changed, never printed anew: what a person wrote around the member stays to the character. Where
// the member's value can't be told from the text alone, nothing is changed and the caller gets what a person
// has to do.

import { isSameBut } from './check.ts';
import { insertMember, renderMember } from './insert.ts';
import { literalOf } from './literal.ts';
import { type Location, locate, UPDATER } from './lookup.ts';
import { followName, usesOf } from './names.ts';
import { parseConfig } from './parse.ts';
import { removeMember } from './remove.ts';
import { applySplices, type Splice } from './splice.ts';
import { quoted, styleOf } from './style.ts';
import { type Config, type Expression, isUnsure, type Unsure, unwrap } from './syntax.ts';

/** The text with the change made; the same text if there was nothing to do. */
export interface Edited {
  readonly edited: string;
}

/** The change has to be made by hand. */
export interface Manual {
  /** What to paste, or what to do. */
  readonly manual: string;
  /** Why, as a sentence's end: "plugins depends on a condition". */
  readonly reason: string;
}

const UNCHECKED: Unsure = { unsure: 'the changed text would not say the same otherwise' };

/**
 * Writes a public key into `plugins.<plugin>.publicKey`.
 *
 * Before it returns, the new text has been parsed again: it has this key, and all else is as it was.
 *
 * @param fileName - Its ending says what the text is: `.json`, `.ts`, `.js` and so on.
 */
export async function setPublicKey(
  text: string,
  fileName: string,
  publicKeyPem: string,
  plugin: string = UPDATER,
  name: 'publicKey' | 'previousPublicKey' = 'publicKey',
): Promise<Edited | Manual> {
  if (publicKeyPem.includes('PRIVATE KEY')) {
    throw new TypeError('publicKeyPem expected a public key, got a private key');
  }
  const path = ['plugins', plugin, name];
  const config = await parseConfig(text, fileName);
  const edited = isUnsure(config) ? config : await trySet(config, fileName, path, publicKeyPem);
  if (typeof edited === 'string') return { edited };
  const manual = linesFor(config, fileName, path, publicKeyPem);
  return { manual, reason: edited.unsure };
}

/**
 * Takes `plugins.<plugin>.<name>` out, with its comma, its line and what is said of it on that line.
 *
 * Before it returns, the new text has been parsed again: the member is gone, and all else is as it was.
 */
export async function removeKey(
  text: string,
  fileName: string,
  name: 'privateKey' | 'publicKey' | 'previousPublicKey',
  plugin: string = UPDATER,
): Promise<Edited | Manual> {
  const config = await parseConfig(text, fileName);
  const path = ['plugins', plugin, name];
  const edited = isUnsure(config) ? config : await tryRemove(config, fileName, path);
  if (typeof edited === 'string') return { edited };
  return { manual: `remove ${name} from plugins.${plugin}`, reason: edited.unsure };
}

async function trySet(
  config: Config,
  fileName: string,
  path: readonly string[],
  value: string,
): Promise<string | Unsure> {
  const { text } = config;
  const place = locate(config, path);
  if (isUnsure(place)) return place;
  // A string is written behind what is spread and so counts; an object would hide what else was spread.
  if (place.maybe !== undefined && place.missing.length > 1) return { unsure: place.maybe };
  const old = place.missing.length === 0 ? replaceable(config, place) : undefined;
  if (valueAt(config, place) === value) return text;
  if (old !== undefined && isUnsure(old)) return old;
  const splices =
    old === undefined
      ? insertMember(config, place.holders, place.missing, ({ quote }) => quoted(value, quote))
      : [{ start: old.start, end: old.end, text: quoted(value, quoteFor(config, place, old)) }];

  const edited = applySplices(text, splices);
  const after = await parseConfig(edited, fileName);
  if (isUnsure(after)) return UNCHECKED;
  const found = locate(after, path);
  if (isUnsure(found) || valueAt(after, found) !== value) return UNCHECKED;
  // Where there was a value, values are compared; else what was added first.
  const changed =
    old === undefined ? found.members[place.members.length] : replaceable(after, found);
  if (changed === undefined || isUnsure(changed)) return UNCHECKED;
  const nodesBefore = old === undefined ? [] : [old];
  return isSameBut(config, nodesBefore, after, [changed], splices) ? edited : UNCHECKED;
}

async function tryRemove(
  config: Config,
  fileName: string,
  path: readonly string[],
): Promise<string | Unsure> {
  const place = locate(config, path);
  if (isUnsure(place)) return place;
  if (place.maybe !== undefined) return { unsure: place.maybe };
  const holder = place.holders.at(-1);
  const member = place.members[path.length - 1];
  if (member === undefined || holder === undefined) return config.text;
  const value = unwrap(member.value);
  if (value.type === 'Identifier' && isDeclared(config, value.name)) {
    return { unsure: `its value is in the constant ${value.name}, which has to go too` };
  }
  const splices: Splice[] = removeMember(config, holder, member);
  const edited = applySplices(config.text, splices);
  const after = await parseConfig(edited, fileName);
  if (isUnsure(after)) return UNCHECKED;
  const left = locate(after, path);
  if (isUnsure(left)) return left;
  if (left.missing.length !== 1) return { unsure: `${path.at(-1)} is set in another place too` };
  if (left.maybe !== undefined) return { unsure: left.maybe };
  return isSameBut(config, [member], after, [], splices) ? edited : UNCHECKED;
}

/** The value that a path was followed to, if the text says it. */
function valueAt(config: Config, { members, missing }: Location): unknown {
  const member = members.at(-1);
  if (member === undefined || missing.length > 0) return undefined;
  return literalOf(config, member.value, true)?.value;
}

/** The expression that has to give way to another value of the same member. */
function replaceable(config: Config, { members }: Location): Expression | Unsure {
  const value = unwrap((members.at(-1) as Location['members'][number]).value);
  if (literalOf(config, value, false) !== undefined) return value;
  if (value.type !== 'Identifier') {
    return { unsure: 'the value there is not a literal: it is computed when the file is loaded' };
  }
  const { name } = value;
  const target = followName(config.text, config.tree, value, []);
  if (isUnsure(target)) return target;
  const bare = unwrap(target);
  const [declared, used, another] = usesOf(config.tree, name);
  const isShared =
    another !== undefined ||
    [declared, used].some((use) =>
      Array.from(use?.around ?? []).some(({ type }) => type === 'ExportNamedDeclaration'),
    );
  if (isShared) return { unsure: `the value there is the constant ${name}, which has other uses` };
  if (literalOf(config, bare, false) !== undefined) return bare;
  return { unsure: `the value there is the constant ${name}, which is not a literal` };
}

function isDeclared({ tree }: Config, name: string): boolean {
  return usesOf(tree, name).some(({ node, parent }) => parent?.['id'] === node);
}

/** The quote that the value has now, if it has one that a line break's escape can stand in. */
function quoteFor(config: Config, { holders }: Location, { start }: Expression): string {
  const quote = config.text.charAt(start);
  return quote === '"' || quote === "'" ? quote : styleOf(config, holders).quote;
}

/** The lines to paste, in the file's own style as far as it is known. */
function linesFor(
  config: Config | Unsure,
  fileName: string,
  path: readonly string[],
  value: string,
): string {
  const unknown: Config = {
    text: '',
    language: /\.json$/i.test(fileName) ? 'json' : 'script',
    tree: { type: 'Program', start: 0, end: 0 },
    comments: [],
  };
  const style = { ...styleOf(isUnsure(config) ? unknown : config, []), lineBreak: '\n' };
  const lines = renderMember(path, quoted(value, style.quote), style, '');
  return style.trailing ? `${lines},` : lines;
}

// Changes one member of a plugin's settings in an app's config.
//
// The edit changes only the characters of the member and keeps all other text. If the member's value depends on
// running the file, nothing is changed, and the caller gets instructions for a manual edit.

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

/** The changed text, or the same text if no change was needed. */
export interface EditedText {
  readonly edited: string;
}

/** The change has to be made manually. */
export interface Manual {
  /** The lines to paste, or an instruction. */
  readonly manual: string;
  /** The reason, as the end of a sentence: "plugins depends on a condition". */
  readonly reason: string;
}

const UNCHECKED: Unsure = { unsure: 'the edit would also change other values' };

/**
 * Writes a public key into `plugins.<plugin>.publicKey`.
 *
 * It parses the new text again and checks that it has this key and that nothing else has changed.
 *
 * @param fileName - Its extension determines the language: `.json`, `.ts`, `.js` and so on.
 */
export async function setPublicKey(
  text: string,
  fileName: string,
  publicKeyPem: string,
  plugin: string = UPDATER,
  name: 'publicKey' | 'previousPublicKey' = 'publicKey',
): Promise<EditedText | Manual> {
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
 * Removes `plugins.<plugin>.<name>` with its comma, its line and the comment on that line.
 *
 * It parses the new text again and checks that the member is gone and that nothing else has changed.
 */
export async function removeKey(
  text: string,
  fileName: string,
  name: 'privateKey' | 'publicKey' | 'previousPublicKey',
  plugin: string = UPDATER,
): Promise<EditedText | Manual> {
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
  // A new string after a spread overrides the spread's member, as intended. A new object would hide the other members
  // of the spread's object.
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
  // If there was a value, compares values; otherwise the outermost added member.
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
    return { unsure: `its value is in the constant ${value.name}, which has to be removed too` };
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

/** Returns the value at the end of a path, if it can be read from the text. */
function valueAt(config: Config, { members, missing }: Location): unknown {
  const member = members.at(-1);
  if (member === undefined || missing.length > 0) return undefined;
  return literalOf(config, member.value, true)?.value;
}

/** Returns the expression to replace by the new value. */
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

/** Returns the quote of the current value, if an escaped line break may stand in it. */
function quoteFor(config: Config, { holders }: Location, { start }: Expression): string {
  const quote = config.text.charAt(start);
  return quote === '"' || quote === "'" ? quote : styleOf(config, holders).quote;
}

/** Makes the lines to paste, in the style of the file if it is known. */
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

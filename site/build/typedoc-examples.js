// @ts-check
// A plugin of TypeDoc. A type, an interface, a class or a function without an example of its own shows the example of
// the nearest function that takes, returns or throws it, under a link to that function.

import {
  Comment,
  CommentTag,
  Converter,
  DeclarationReflection,
  makeRecursiveVisitor,
  ReferenceReflection,
  Reflection,
  ReflectionKind,
} from 'typedoc';

/** @typedef {import('typedoc').ProjectReflection} ProjectReflection */

const SYMBOLS =
  ReflectionKind.Function |
  ReflectionKind.Class |
  ReflectionKind.Interface |
  ReflectionKind.TypeAlias |
  ReflectionKind.Variable;

/** What has an example of its own. */
const SOURCES = ReflectionKind.Function | ReflectionKind.Class;

/** @param {import('typedoc').Application} app */
export function load(app) {
  // Links in comments are resolved at the end of the resolution, and the links made here have their target already.
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => addExamples(project));
}

/** @param {ProjectReflection} project */
function addExamples(project) {
  const symbols = /** @type {DeclarationReflection[]} */ (
    project
      .getReflectionsByKind(SYMBOLS)
      .filter(
        (each) =>
          each instanceof DeclarationReflection &&
          !(each instanceof ReferenceReflection) &&
          each.parent?.kindOf(ReflectionKind.Module),
      )
  );
  /** @type {Map<DeclarationReflection, DeclarationReflection[]>} */
  const users = new Map(symbols.map((symbol) => [symbol, []]));
  for (const symbol of symbols) {
    for (const used of referencesOf(symbol)) if (used !== symbol) users.get(used)?.push(symbol);
  }
  // TypeScript names the target where a function takes an alias of it.
  for (const [symbol, mentioning] of users) {
    if (mentioning.length === 0 && symbol.kindOf(ReflectionKind.TypeAlias)) {
      mentioning.push(...[...referencesOf(symbol)].flatMap((target) => users.get(target) ?? []));
    }
  }
  const missing = symbols.filter((symbol) => examplesOf(symbol).length === 0);
  const sources = symbols.filter((symbol) => symbol.kindOf(SOURCES) && !missing.includes(symbol));
  /** Of functions without an example, the function that has it. @type {Map<DeclarationReflection, DeclarationReflection>} */
  const borrowed = new Map();
  for (const symbol of [...missing].sort((a, b) => rankOf(a) - rankOf(b))) {
    const naming = sources.filter((each) => names(each, symbol));
    const source = best(symbol, [...naming, ...nearest(symbol)]);
    if (source === undefined) throw new Error(`no example shows ${symbol.getFullName()}`);
    if (symbol.kindOf(SOURCES)) borrowed.set(symbol, source);
    show(symbol, source);
  }

  /** Searches outward from a symbol, over those that mention it. @param {DeclarationReflection} symbol */
  function nearest(symbol) {
    const seen = new Set([symbol]);
    for (let ring = [symbol]; ring.length > 0; ) {
      ring = [...new Set(ring.flatMap((each) => users.get(each) ?? []))].filter(
        (each) => !seen.has(each),
      );
      for (const each of ring) seen.add(each);
      const found = ring.flatMap((each) =>
        sources.includes(each) ? each : (borrowed.get(each) ?? []),
      );
      if (found.length > 0) return found;
    }
    return [];
  }
}

/** Functions first: types take their examples. @param {DeclarationReflection} symbol */
const rankOf = (symbol) => (symbol.kindOf(SOURCES) ? 0 : 1);

/** The words of a name, without their endings: `PublishedRelease` and `publishRelease` have the same. @param {string} name */
const wordsOf = (name) =>
  (name.match(/[A-Z]?[a-z]+/g) ?? []).map((word) => word.toLowerCase().slice(0, 5));

/** @param {DeclarationReflection} source @param {DeclarationReflection} symbol */
const names = (source, symbol) => new RegExp(`\\b${symbol.name}\\b`).test(codeOf(source));

/**
 * Of several, one of the same entry; of those, one with a similar name; of those, one whose example names the symbol;
 * of those, the one whose example shows most members of the symbol.
 *
 * @param {DeclarationReflection} symbol
 * @param {readonly DeclarationReflection[]} sources
 */
function best(symbol, sources) {
  const words = wordsOf(symbol.name);
  const members = (symbol.children ?? []).map(({ name }) => new RegExp(`\\b${name}\\b`));
  const score = (/** @type {DeclarationReflection} */ source) => {
    const code = codeOf(source);
    const isNear = source.parent === symbol.parent;
    const shared = wordsOf(source.name).filter((word) => words.includes(word)).length;
    const shown = members.filter((member) => member.test(code)).length;
    return (isNear ? 10_000 : 0) + shared * 100 + (names(source, symbol) ? 50 : 0) + shown;
  };
  return [...sources].sort((a, b) => score(b) - score(a))[0];
}

/** The comments of a symbol: a function has one for each signature. @param {DeclarationReflection} symbol */
function commentsOf(symbol) {
  const all = [symbol.comment, ...(symbol.signatures ?? []).map(({ comment }) => comment)];
  return all.filter((comment) => comment !== undefined);
}

/** @param {DeclarationReflection} symbol */
const examplesOf = (symbol) =>
  commentsOf(symbol)
    .flatMap((comment) => comment.getTags('@example'))
    .slice(0, 1);

/** @param {DeclarationReflection} symbol */
const codeOf = (symbol) =>
  examplesOf(symbol)
    .flatMap(({ content }) => content.map(({ text }) => text))
    .join('');

/** @param {DeclarationReflection} symbol @param {DeclarationReflection} source */
function show(symbol, source) {
  const tag = new CommentTag('@example', [
    { kind: 'text', text: 'Of ' },
    { kind: 'inline-tag', tag: '@linkcode', text: source.name, target: source },
    { kind: 'text', text: ':\n\n' },
    ...examplesOf(source).flatMap(({ content }) => Comment.cloneDisplayParts(content)),
  ]);
  const signature = symbol.signatures?.[0];
  const place = signature ?? symbol;
  place.comment ??= new Comment();
  place.comment.blockTags.push(tag);
}

/** The symbols that a symbol mentions in its own types. @param {DeclarationReflection} symbol */
function referencesOf(symbol) {
  /** @type {Set<DeclarationReflection>} */
  const found = new Set();
  const visitor = makeRecursiveVisitor({
    reference({ reflection }) {
      const target =
        reflection instanceof ReferenceReflection
          ? reflection.tryGetTargetReflectionDeep()
          : reflection;
      if (target instanceof DeclarationReflection) found.add(target);
    },
    reflection: ({ declaration }) => visit(declaration),
  });
  visit(symbol);
  return found;

  /** @param {Reflection} reflection */
  function visit(reflection) {
    const { type, extendedTypes = [] } = /** @type {Partial<DeclarationReflection>} */ (reflection);
    for (const each of [type, ...extendedTypes]) each?.visit(visitor);
    reflection.traverse((child) => {
      visit(child);
      return true;
    });
  }
}

// Removes the additions of init from a file that was changed since, and keeps every other line.

/**
 * Returns the lines with content that a text has in addition to an earlier text, in order. If the texts have different numbers
 * of equal lines, returns the difference.
 *
 * @param keyOf - Two lines with the same key are equal.
 */
export function addedLines(
  before: string,
  after: string,
  keyOf: (line: string) => string,
): string[] {
  const left = new Map<string, number>();
  for (const line of linesOf(before)) left.set(keyOf(line), (left.get(keyOf(line)) ?? 0) + 1);
  return linesOf(after).filter((line) => {
    const count = left.get(keyOf(line)) ?? 0;
    left.set(keyOf(line), count - 1);
    return line.trim() !== '' && count <= 0;
  });
}

/** The lines of a text, without line breaks. */
export const linesOf = (text: string): string[] => text.split(/\r?\n/);

/**
 * Takes added lines out of a text. A line that is no longer there was taken out already.
 *
 * @param hasBlank - Whether init may have added a blank line before the last of them. That line is taken out too.
 * @returns `undefined` if the text has one of the lines more than once, because it is unknown which one init added.
 */
export function withoutLines(
  text: string,
  added: readonly string[],
  hasBlank: boolean,
): string | undefined {
  const lines = text.split('\n');
  let last: number | undefined;
  for (const one of added) {
    const found = lines.flatMap((line, i) => (plain(line) === plain(one) ? [i] : []));
    if (found.length > 1) return undefined;
    [last] = found;
    if (last !== undefined) lines.splice(last, 1);
  }
  if (hasBlank && last !== undefined && lines[last - 1]?.trim() === '') lines.splice(last - 1, 1);
  return lines.join('\n');
}

/** Returns a line without the parts that formatters change: indentation, the kind of quotes, and the last semicolon. */
const plain = (line: string) => line.trim().replaceAll('"', "'").replace(/;$/, '');

type Groups = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

/** Returns the members of groups in package.json that an earlier text lacks: each as JSON of group, name and value. */
export async function addedMembers(before: string, after: string): Promise<string[]> {
  const { parse } = await import('jsonc-parser');
  const [earlier, later] = [before, after].map((text) => parse(withoutMark(text)) as Groups);
  return Object.entries(later ?? {}).flatMap(([group, members]) =>
    Object.entries(typeof members === 'object' ? members : {})
      .filter(([name, value]) => earlier?.[group]?.[name] !== value && typeof value === 'string')
      .map((member) => JSON.stringify([group, ...member])),
  );
}

const withoutMark = (text: string) => text.replace(/^\ufeff/, '');

/** Returns the group and the name of a member that `addedMembers` returned. */
export function placeOfMember(member: string): string {
  const [group, name] = JSON.parse(member) as [string, string, string];
  return JSON.stringify([group, name]);
}

/** Returns the names of the members of init that have another value now. */
export async function changedMembers(text: string, added: readonly string[]): Promise<string[]> {
  const { parse } = await import('jsonc-parser');
  const groups = (parse(withoutMark(text)) ?? {}) as Groups;
  return added.flatMap((member) => {
    const [group, name, value] = JSON.parse(member) as [string, string, string];
    const present = groups[group]?.[name];
    return present === undefined || present === value ? [] : [name];
  });
}

/**
 * Takes members out of package.json that init added, and a group that is then empty and was not there before. A member that
 * is no longer there was taken out already.
 *
 * @param added - As `addedMembers` returns them.
 * @returns `undefined` if a member has another value now.
 */
export async function withoutMembers(
  text: string,
  before: string,
  added: readonly string[],
): Promise<string | undefined> {
  const { applyEdits, modify, parse } = await import('jsonc-parser');
  const groupsOf = (json: string) => (parse(json) ?? {}) as Groups;
  const earlier = groupsOf(withoutMark(before));
  let edited = withoutMark(text);
  const mark = text.slice(0, text.length - edited.length);
  const remove = (...path: string[]) => {
    edited = applyEdits(edited, modify(edited, path, undefined, {}));
  };
  for (const member of added) {
    const [group, name, value] = JSON.parse(member) as [string, string, string];
    const present = groupsOf(edited)[group];
    if (typeof present !== 'object' || present === null) continue;
    if (present[name] !== undefined && present[name] !== value) return undefined;
    if (present[name] !== undefined) remove(group, name);
    const isEmpty = Object.keys(groupsOf(edited)[group] ?? {}).length === 0;
    if (isEmpty && !Object.hasOwn(earlier, group)) remove(group);
  }
  return mark + edited;
}

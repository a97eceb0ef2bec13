// Makes the members that init adds to package.json, such as scripts.

import type { FormattingOptions } from 'jsonc-parser';
import { UsageError } from '../answer.ts';
import { SCRIPTS, SETTINGS } from '../release/settings.ts';
import { type Answers, isBeside, isWebsite } from './answers.ts';
import { answersAsFlags, INIT_MEMBER } from './earlier.ts';
import type { Project } from './project.ts';
import { APP_FOLDER, WORKER_CONFIG } from './website.ts';

/** Bundles the worker if the app has no Vite. The version is that of this project. */
const ESBUILD = { name: 'esbuild', version: '0.28.2' };

/** The folder of the store on this machine, for trying out updates. */
export function localStore(answers: Answers): string {
  return isWebsite(answers) && isBeside(answers)
    ? `site/${answers.url.replace(/\/$/, '')}`
    : 'store';
}

/** Members to add to package.json, by their paths. */
export function packageMembers(
  project: Project,
  answers: Answers,
): (readonly [readonly [string, string], string])[] {
  const { dir, channel, appId } = answers;
  const needsEsbuild = isWebsite(answers) && (!project.hasVite || answers.framework === 'static');
  return [
    [['scripts', SCRIPTS.build], buildScript(project, answers)],
    [['scripts', SCRIPTS.publish], `bundleseal release publish ${dir}`],
    [[SETTINGS, 'appId'], appId],
    [[SETTINGS, 'channel'], channel],
    [[SETTINGS, 'store'], localStore(answers)],
    [[SETTINGS, INIT_MEMBER], answersAsFlags(answers)],
    ...(needsEsbuild ? [[['devDependencies', ESBUILD.name], ESBUILD.version] as const] : []),
  ];
}

function buildScript(
  { hasBuild, hasVite, isTypeScript, manager }: Project,
  answers: Answers,
): string {
  const { dir, framework } = answers;
  const end = isTypeScript ? 'ts' : 'js';
  const bundle = (format: string, from: string, to: string) =>
    `esbuild ${APP_FOLDER}/${from}.${end} --bundle --minify --format=${format} --outfile=${dir}/${to}.js`;
  const worker = hasVite ? [`vite build --config ${WORKER_CONFIG}`] : [bundle('iife', 'sw', 'sw')];
  // An app without a bundler gets a script that this library bundles.
  const page = framework === 'static' ? [bundle('esm', 'update', 'bundleseal')] : [];
  return [
    ...(hasBuild ? [`${manager.name} run build`] : []),
    ...(isWebsite(answers) ? [...worker, ...page] : []),
    `bundleseal release stamp ${dir}`,
  ].join(' && ');
}

/**
 * Adds members to a JSON file. Returns the text, and the names that already have another value.
 *
 * @param written - The members of an earlier run, as `addedMembers` returns them. A member gets the new value only if it still
 * has the value of the earlier run.
 * @throws {@link UsageError} if the file has two members with the name of a group.
 */
export async function addMembers(
  text: string,
  members: readonly (readonly [readonly [string, string], string])[],
  written: readonly string[],
): Promise<{ readonly text: string; readonly taken: readonly string[] }> {
  const { applyEdits, modify, parse } = await import('jsonc-parser');
  // Editors on Windows write a byte order mark.
  const mark = text.startsWith('\ufeff') ? '\ufeff' : '';
  let edited = text.slice(mark.length);
  const content = parse(edited) as Readonly<Record<string, Record<string, unknown> | undefined>>;
  const taken: string[] = [];
  for (const [path, value] of members) {
    const [group, name] = path;
    const present = content[group]?.[name];
    if (present === value || (present !== undefined && group === 'devDependencies')) continue;
    if (present !== undefined && !written.includes(JSON.stringify([group, name, present]))) {
      taken.push(`"${name}": ${JSON.stringify(value)}`);
      continue;
    }
    edited = applyEdits(
      edited,
      modify(edited, [...path], value, { formattingOptions: styleOf(text) }),
    );
    // Of two members with one name, the edit changes the first, and programs read the last.
    if ((parse(edited) as typeof content)[group]?.[name] !== value) {
      throw new UsageError(`package.json has two members "${group}": join them first`);
    }
  }
  return { text: mark + edited, taken };
}

function styleOf(text: string): FormattingOptions {
  const [, indent = '  '] = /\n([ \t]+)"/.exec(text) ?? [];
  return {
    insertSpaces: !indent.startsWith('\t'),
    tabSize: indent.startsWith('\t') ? 1 : indent.length,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
}

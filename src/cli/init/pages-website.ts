// Where GitHub Pages serves the website of a project, and where the framework sets the path of that website.

import type { GitHubRepository } from '../project.ts';
import { type Answers, isBeside, isWebsite } from './answers.ts';
import type { Framework } from './folders.ts';
import type { PagesDomain } from './pages-domain.ts';
import { APP_FOLDER } from './website.ts';

/** What tells where GitHub Pages serves the website of a project. */
export interface OnGitHub {
  readonly github?: GitHubRepository | undefined;
  /**
   * The workflow must not depend on it: a clone may lack the file that names it, because no build is in git, and init has to know the
   * workflow in a clone for its own.
   */
  readonly domain?: PagesDomain | undefined;
}

/**
 * Returns the address of a website on GitHub Pages and its path. Without a domain and a remote on GitHub, both have words to replace.
 *
 * @see https://docs.github.com/en/pages/getting-started-with-github-pages/what-is-github-pages
 */
export function pagesOf({ github, domain }: OnGitHub): { website: string; base: string } {
  if (domain !== undefined) return { website: `https://${domain.name}/`, base: '/' };
  const { user, repository } = github ?? { user: 'USER', repository: 'REPOSITORY' };
  const host = github === undefined ? `${user}.github.io` : `${user.toLowerCase()}.github.io`;
  const base = repository.toLowerCase() === host ? '/' : `/${repository}/`;
  return { website: `https://${host}${base}`, base };
}

/** Where a framework sets the path of a website. */
export interface BaseSetting {
  readonly name: string;
  /** The file that has the setting, in the words for a user. */
  readonly place: string;
  /** The names of that file. Absent: those of Vite's config. */
  readonly files?: readonly string[];
  /** The value for a website that is below no path. */
  readonly root: string;
  /** Finds the setting in the file. */
  readonly mark: RegExp;
  /** What to do, for a path such as `/my-app/`. */
  readonly step: (base: string) => string;
}

const withoutSlash = (base: string): string => base.slice(0, -1);
/** The page of these frameworks names the worker by its path. */
const workerAt = (base: string): string =>
  `write '${base}sw.js' for '/sw.js' in ${APP_FOLDER}/update`;
const configs = (stem: string): string[] =>
  ['js', 'mjs', 'cjs', 'ts', 'mts'].map((end) => `${stem}.${end}`);

const VITE_BASE: BaseSetting = {
  name: 'base',
  place: "Vite's config",
  root: '/',
  mark: /\bbase\b/,
  step: (base) => `set base: '${base}' in Vite's config`,
};

/**
 * SvelteKit overrides Vite's `base`.
 *
 * @see https://svelte.dev/docs/kit/configuration#paths
 * @see https://nextjs.org/docs/app/api-reference/config/next-config-js/basePath
 * @see https://angular.dev/tools/cli/deployment
 * @see https://create-react-app.dev/docs/deployment
 */
const BASES: Partial<Record<Framework, BaseSetting>> = {
  vite: VITE_BASE,
  sveltekit: {
    name: 'kit.paths.base',
    place: 'svelte.config.js',
    root: '',
    files: [...configs('svelte.config'), ...configs('vite.config')],
    mark: /\bpaths\b[\s\S]*\bbase\b/,
    step: (base) => `set kit.paths.base: '${withoutSlash(base)}' in svelte.config.js`,
  },
  next: {
    name: 'basePath',
    place: 'the config of Next.js',
    root: '',
    files: configs('next.config'),
    mark: /\bbasePath\b/,
    step: (base) =>
      `set basePath: '${withoutSlash(base)}' in the config of Next.js and ${workerAt(base)}`,
  },
  angular: {
    name: 'baseHref',
    place: 'angular.json',
    root: '/',
    files: ['angular.json', 'package.json'],
    mark: /\bbase-?href\b/i,
    step: (base) => `set "baseHref": "${base}" in the build options of angular.json`,
  },
  cra: {
    name: 'homepage',
    place: 'package.json',
    root: '/',
    files: ['package.json'],
    mark: /"homepage"/,
    step: (base) => `set "homepage": "${base}" in package.json and ${workerAt(base)}`,
  },
};

/** Returns where the website sets its path if it is below a path of GitHub Pages. */
export function baseSettingOf(
  project: OnGitHub,
  answers: Answers,
): (BaseSetting & { readonly base: string; readonly website: string }) | undefined {
  const { website, base } = pagesOf(project);
  const isOnPages = answers.store === 'github-pages' && isWebsite(answers) && isBeside(answers);
  const setting = BASES[answers.framework];
  return base === '/' || !isOnPages || setting === undefined
    ? undefined
    : { ...setting, base, website };
}

/**
 * Returns the step that sets the path of the website, if the website needs one.
 *
 * @param presentBase - The base in Vite's config. If it is right, there is no such step.
 */
export function stepForBase(project: OnGitHub, answers: Answers, presentBase?: string): string[] {
  const setting = baseSettingOf(project, answers);
  if (setting === undefined) return [];
  const { base, website, step } = setting;
  // Without a remote, init does not know the path. Vite adds the last slash.
  const isSet =
    answers.framework === 'vite' &&
    presentBase !== undefined &&
    (project.github === undefined
      ? /\w/.test(presentBase)
      : presentBase.replace(/\/?$/, '/') === base);
  return isSet ? [] : [`${step(base)} if the address of the website is ${website}`];
}

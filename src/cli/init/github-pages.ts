// The address of a website on GitHub Pages.

import type { GitHubRepository } from '../project.ts';
import type { Answers } from './answers.ts';
import type { Project } from './project.ts';

/**
 * Returns the address of the website and its path, for a repository without a domain of its own. Without a remote on GitHub, both
 * have words to replace.
 *
 * @see https://docs.github.com/en/pages/getting-started-with-github-pages/what-is-github-pages
 */
export function pagesOf(github: GitHubRepository | undefined): { website: string; base: string } {
  const { user, repository } = github ?? { user: 'USER', repository: 'REPOSITORY' };
  const host = github === undefined ? `${user}.github.io` : `${user.toLowerCase()}.github.io`;
  const base = repository.toLowerCase() === host ? '/' : `/${repository}/`;
  return { website: `https://${host}${base}`, base };
}

/** Returns the address of a store beside the website, as an example for the user. */
export function exampleOf({ github }: Project, { store, url }: Answers): string {
  const website = store === 'github-pages' ? pagesOf(github).website : 'https://app.example.com/';
  return `${website}${url}`;
}

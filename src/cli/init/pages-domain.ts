// Finds the domain of a website on GitHub Pages in the files of the project.

import { posix } from 'node:path';
import { exists } from '../../files/leniency.ts';
import { readText } from './read.ts';

/** The domain of a website on GitHub Pages. */
export interface PagesDomain {
  readonly name: string;
  /** The file that names it. */
  readonly path: string;
}

/**
 * Reads the domain from a file `CNAME` of GitHub Pages: among the static files, in the build, or in the two folders of a branch that
 * GitHub Pages can publish. A website with a domain is at the root of that domain, not below the name of its repository.
 *
 * GitHub ignores the file if a workflow deploys the website, and takes the domain of the settings. The file still shows that the owner
 * has a domain.
 *
 * @see https://docs.github.com/en/pages/configuring-a-custom-domain-for-your-github-pages-site/troubleshooting-custom-domains-and-github-pages
 */
export async function findPagesDomain({
  root,
  publicFolder,
  dir,
}: {
  /** The path to the root of the repository. */
  readonly root: string;
  /** The folder of the static files. */
  readonly publicFolder: string;
  /** The folder of the build. */
  readonly dir: string;
}): Promise<PagesDomain | undefined> {
  for (const folder of [publicFolder, 'static', dir, root, `${root}/docs`]) {
    const path = posix.join(folder, 'CNAME');
    if (!(await exists(path))) continue;
    const name = (await readText(path))?.trim() ?? '';
    if (DOMAIN.test(name) && !/\.github\.io$/i.test(name)) return { name, path };
  }
  return undefined;
}

/** GitHub takes one domain a file, without a scheme. */
const DOMAIN = /^([a-z\d-]+\.)+[a-z\d-]+$/i;

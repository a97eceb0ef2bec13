// Checks the path of a website on GitHub Pages: without it, the pages find none of their files.

import { findViteConfig } from '../config/dev-server.ts';
import { earlierAnswers, wholeAnswers } from '../init/earlier.ts';
import { publicFolderOf, viteFolders } from '../init/folders.ts';
import { findPagesDomain } from '../init/pages-domain.ts';
import { readText } from '../init/read.ts';
import { stepForBase } from '../init/workflow.ts';
import { findRoot, packagesHere } from '../project.ts';
import { examine, type Finding } from './finding.ts';

/**
 * Warns if `init` has set up a website below a path of GitHub Pages, and neither Vite's config nor a script of package.json mentions a
 * base. It does not read the base, because a config may compute it. A website with a domain of its own is below no path.
 */
export async function examineBase(findings: Finding[]): Promise<void> {
  const failed: Finding = {
    code: 'BASE_MISSING',
    state: 'unknown',
    what: "whether Vite's config has the base of the website",
  };
  await examine(findings, failed, async () => {
    const text = await readText('package.json');
    const { github, root } = findRoot();
    if (text === undefined || github === undefined || /\s--base\b/.test(text)) return undefined;
    const answers = answersIn(text);
    if (answers === undefined) return undefined;
    const packages = await packagesHere();
    const config = await findViteConfig(packages);
    if (/\bbase\b/.test(config?.text ?? '')) return undefined;
    const publicFolder = publicFolderOf(config && (await viteFolders(config)));
    const domain = await findPagesDomain({ root, publicFolder, dir: answers.dir });
    const hasVite = packages.has('vite');
    const [step] = stepForBase({ hasVite, github, domain }, answers);
    if (step === undefined) return undefined;
    const place = config?.path ?? "Vite's config";
    return {
      ...failed,
      state: 'warning',
      what: `${place} has no base, but GitHub Pages serves the website of ${github.user}/${github.repository} below a path`,
      mend: `${step}; if the website has a domain of its own, set base: '/'`,
      ...(config !== undefined && { path: config.path }),
    };
  });
}

/** The answers of init. Init itself reports invalid answers, and a package.json that is not JSON. */
function answersIn(text: string): ReturnType<typeof wholeAnswers> {
  try {
    return wholeAnswers(earlierAnswers(text));
  } catch {
    return undefined;
  }
}

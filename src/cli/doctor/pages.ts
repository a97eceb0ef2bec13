// Checks the path of a website on GitHub Pages: without it, the pages find none of their files.

import { findViteConfig } from '../config/dev-server.ts';
import { earlierAnswers, wholeAnswers } from '../init/earlier.ts';
import { publicFolderOf, viteFolders } from '../init/folders.ts';
import { findPagesDomain } from '../init/pages-domain.ts';
import { baseSettingOf, stepForBase } from '../init/pages-website.ts';
import { readText } from '../init/read.ts';
import { findRoot, packagesHere } from '../project.ts';
import { examine, type Finding } from './finding.ts';

/**
 * Warns if `init` has set up a website below a path of GitHub Pages, and neither the config of its framework nor a script of
 * package.json mentions that path. It does not read the path, because a config may compute it. A website with a domain of its own is
 * below no path.
 */
export async function examineBase(findings: Finding[]): Promise<void> {
  const failed: Finding = {
    code: 'BASE_MISSING',
    state: 'unknown',
    what: "whether the config has the website's path on GitHub Pages",
  };
  await examine(findings, failed, async () => {
    const text = await readText('package.json');
    const { github, root } = findRoot();
    if (text === undefined || github === undefined || /\s--base\b/.test(text)) return undefined;
    const answers = answersIn(text);
    const setting = answers && baseSettingOf({ github }, answers);
    if (answers === undefined || setting === undefined) return undefined;
    const vite = await findViteConfig(await packagesHere());
    const configs = setting.files === undefined ? [vite] : await existing(setting.files);
    if (configs.some((config) => setting.mark.test(config?.text ?? ''))) return undefined;
    const publicFolder = publicFolderOf(vite && (await viteFolders(vite)));
    const domain = await findPagesDomain({ root, publicFolder, dir: answers.dir });
    const [step] = stepForBase({ github, domain }, answers);
    if (step === undefined) return undefined;
    const [config] = configs;
    return {
      ...failed,
      state: 'warning',
      what: `${config?.path ?? setting.place} has no ${setting.name}, but GitHub Pages serves the website of ${github.user}/${github.repository} below a path`,
      mend: `${step}; if the website has a domain of its own, set ${setting.name} to '${setting.root}'`,
      ...(config !== undefined && { path: config.path }),
    };
  });
}

/** Reads those of the files that exist. */
async function existing(paths: readonly string[]): Promise<{ path: string; text: string }[]> {
  const found = await Promise.all(
    paths.map(async (path) => ({ path, text: await readText(path) })),
  );
  return found.flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }]));
}

/** The answers of init. Init itself reports invalid answers, and a package.json that is not JSON. */
function answersIn(text: string): ReturnType<typeof wholeAnswers> {
  try {
    return wholeAnswers(earlierAnswers(text));
  } catch {
    return undefined;
  }
}

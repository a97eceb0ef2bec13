// Finds the address of the store to which the CI of a project publishes.

import { findViteConfig } from '../config/dev-server.ts';
import { earlierAnswers, wholeAnswers } from '../init/earlier.ts';
import { publicFolderOf, viteFolders } from '../init/folders.ts';
import { findPagesDomain } from '../init/pages-domain.ts';
import { readText } from '../init/read.ts';
import { storeAddress } from '../init/workflow.ts';
import { findRoot, packagesHere } from '../project.ts';

/** Returns the address if the answers of init in the current folder have it. Does not throw: it is only for a note. */
export async function findStoreAddress(): Promise<string | undefined> {
  try {
    const answers = wholeAnswers(earlierAnswers((await readText('package.json')) ?? '{}'));
    if (answers === undefined) return undefined;
    const { github, root } = findRoot();
    const config = await findViteConfig(await packagesHere());
    const publicFolder = publicFolderOf(config && (await viteFolders(config)));
    const domain = await findPagesDomain({ root, publicFolder, dir: answers.dir });
    return storeAddress({ github, domain }, answers);
  } catch {
    return undefined;
  }
}

// The script that removes the service worker of init from browsers: init --undo --remove-worker writes it.

import { mkdir } from 'node:fs/promises';
import { posix } from 'node:path';
import SCRIPT from '../../../examples/pwa/remove/sw.js?raw';
import { onFile, UNWRITABLE } from '../../files/error.ts';
import { exists } from '../../files/leniency.ts';
import { UsageError } from '../answer.ts';
import { writeWhole } from '../write-whole.ts';
import { isWebsite } from './answers.ts';
import { checkPlace } from './apply.ts';
import { type Project, readProject } from './project.ts';
import { bytesOf } from './read.ts';
import type { RecordContent } from './record.ts';
import { APP_FOLDER } from './website.ts';

export interface Removal {
  /** The place of the script. The build copies it to the address of the worker. */
  readonly path: string;
  /** Writes the script, if it is not there yet. */
  write(): Promise<void>;
}

/**
 * Finds the place of the script.
 *
 * @param files - The files that are about to be removed.
 * @throws {@link UsageError} if another file has that place, if the app is no website, or if it keeps the worker of init, whose
 * build would replace the script.
 */
export async function planRemoval({ files }: Pick<RecordContent, 'files'>): Promise<Removal> {
  const project = await readProject();
  if (!isWebsite(project)) {
    throw new UsageError(
      '--remove-worker is for websites: other apps have no service worker of init',
    );
  }
  for (const end of ['js', 'ts']) {
    const worker = `${APP_FOLDER}/sw.${end}`;
    if (!Object.hasOwn(files, worker) && (await exists(worker))) {
      throw new UsageError(
        `the app still has the service worker ${worker}, which init --undo does not remove: take bundleseal out of the app first`,
      );
    }
  }
  const path = posix.join(rootOf(project), 'sw.js');
  const present = await bytesOf(path);
  if (present !== undefined && present.toString() !== SCRIPT) {
    throw new UsageError(
      `${path} is another script, which init does not replace: move it away, or add the code of docs/guides/pwa.md (in node_modules/bundleseal), "Remove it again", to it`,
    );
  }
  return {
    path,
    async write() {
      if (present !== undefined) return;
      await checkPlace(path, project.root);
      await onFile(path, UNWRITABLE, mkdir(posix.dirname(path), { recursive: true }));
      await writeWhole(path, SCRIPT, { mode: 0o666, force: false });
    },
  };
}

/** The folder whose files are at the root of the website. */
function rootOf({ framework, hasBuild, publicFolder, dir }: Project): string {
  if (framework === 'sveltekit') return 'static';
  return hasBuild ? publicFolder : dir;
}

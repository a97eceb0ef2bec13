// Writes the stamp of a build. The plugin loads this module only if the stamp is wanted.

import { FOLDER_OPTIONS } from '../files/read-directory.ts';
import type { FolderRules } from '../files/zip-directory.ts';
import { type StampOptions, stampRelease } from '../publish/stamp.ts';
import { type ReleaseStamp, STAMP } from '../release/stamp.ts';

/** The members of a stamp that the build cannot know. */
export type BuildStamp = Pick<StampOptions, 'runtime' | 'floors'>;

/** @param options - The options of the plugin. Its rules for the folder apply to the stamp too. */
export function stampBuild(
  folder: string,
  options: object,
  stamp: BuildStamp,
): Promise<ReleaseStamp> {
  const rules = Object.fromEntries(
    Object.entries(options).filter(([name]) => Object.hasOwn(FOLDER_OPTIONS, name)),
  );
  return stampRelease(folder, { ...rules, ...stamp });
}

/** Adds a rule that keeps a stamp out of the sealed file. The folder may have the stamp of an earlier build. */
export function withoutStamp(ignore: FolderRules['ignore'] = []): NonNullable<typeof ignore> {
  if (typeof ignore === 'function') return (path) => path === STAMP || ignore(path);
  return [...ignore, `/${STAMP}`];
}

// The targets of fuzzing: every parser of untrusted input, each with initial inputs.

import { ANSWER_TARGETS } from './targets/answers.ts';
import { ARCHIVE_TARGETS } from './targets/archives.ts';
import { BUNDLE_TARGETS } from './targets/bundles.ts';
import { KEY_TARGETS } from './targets/keys.ts';
import { PATCH_TARGETS } from './targets/patches.ts';
import { RELEASE_TARGETS } from './targets/releases.ts';
import type { Targets } from './targets/target.ts';

export type { Target } from './targets/target.ts';

export const TARGETS: Targets = {
  ...BUNDLE_TARGETS,
  ...RELEASE_TARGETS,
  ...PATCH_TARGETS,
  ...KEY_TARGETS,
  ...ARCHIVE_TARGETS,
  ...ANSWER_TARGETS,
};

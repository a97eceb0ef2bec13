// Draws the folders of src/ and their imports into CONTRIBUTING.md:
//
//   node build/layers.js

import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import configuration from '../.dependency-cruiser.js';
import { writeBlock } from './generated.js';

const PAGE = new URL('../CONTRIBUTING.md', import.meta.url);
// The entries and the command line import nearly every folder, and the files of the ground floor are imported by all.
const DRAWN = '^src/(?!cli/)[^/]+/';

const { forbidden, options } = configuration;

/** Applies the rules to src/ of a folder. Returns what breaks them. */
export async function violationsIn(baseDir) {
  const { output } = await run(baseDir, { ruleSet: { forbidden }, validate: true });
  return {
    violations: output.summary.violations,
    files: output.modules.filter(({ source }) => source.startsWith('src/')).length,
    imports: output.modules.flatMap(({ source, dependencies }) =>
      dependencies.map(({ resolved }) => `${source} imports ${resolved}`),
    ),
  };
}

/** A Mermaid chart: an arrow goes from a folder to each folder that it imports. */
export async function picture(baseDir) {
  const { output } = await run(baseDir, {
    outputType: 'mermaid',
    includeOnly: DRAWN,
    collapse: '^src/[^/]+',
  });
  return `\`\`\`mermaid\n${output.trim()}\n\`\`\``;
}

function run(baseDir, more) {
  const { tsConfig, ...rest } = options;
  return cruise(['src'], { ...rest, ...more, baseDir }, undefined, {
    tsConfig: extractTSConfig(new URL(`../${tsConfig.fileName}`, import.meta.url).pathname),
  });
}

if (process.argv[1] === import.meta.filename) {
  writeBlock(PAGE, 'layers', await picture(new URL('..', import.meta.url).pathname));
}

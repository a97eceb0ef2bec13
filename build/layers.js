// Draws the folders of src/ and their imports into CONTRIBUTING.md:
//
//   node build/layers.js

import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import configuration from '../.dependency-cruiser.js';
import { writeBlock } from './generated.js';

const PAGE = new URL('../CONTRIBUTING.md', import.meta.url);
// Leaves out the entries and the command line, which import nearly every folder, and the ground floor, which all
// folders import.
const DRAWN = '^src/(?!cli/)[^/]+/';

const { forbidden, options } = configuration;

/** Applies the rules to src/ of a folder. Returns the violations. */
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

/** Makes a Mermaid chart with an arrow from each folder to each folder that it imports. */
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

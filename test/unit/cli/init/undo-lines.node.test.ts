// The lines that init --undo names in a module that the user has changed.

import { expect, it } from 'vitest';
import { describeCode } from '../../../../src/cli/init/undo-lines.ts';

const CODE = 'the code that calls keepUpToDate';
const RESULT = 'with what uses its result';

it.each([
  ['main.js', 'keepUpToDate();\n', `${CODE} (line 1) ${RESULT}`],
  ['main.js', 'start();\nkeepUpToDate()\n  .then(ready);\n', `${CODE} (lines 2 to 3) ${RESULT}`],
  [
    'main.ts',
    'function run(): void {\n  a();\n  const is = keepUpToDate();\n}\n',
    `${CODE} (line 3) ${RESULT}`,
  ],
  [
    'main.js',
    '// keepUpToDate\nstart();\nkeepUpToDate(\n);\n',
    `${CODE} (lines 1 and 3 to 4) ${RESULT}`,
  ],
  [
    'main.vue',
    "<script>\nimport { keepUpToDate } from './bundleseal/update'\nkeepUpToDate()\n",
    `the import (line 2) and ${CODE} (line 3) ${RESULT}`,
  ],
  ['main.jsx', "a();\nimport './bundleseal/update.js';\n", 'the import (line 2)'],
])('names in %s with %j the whole statements: %s', async (path, text, said) => {
  expect(await describeCode(path, text)).toBe(said);
});

it('names no statement that mounts the app, where the code of the guide is called by a router', async () => {
  const router = "router.isReady().then(() => {\n  app.mount('#app');\n  lookForUpdate();\n});\n";
  const timer = 'setInterval(lookForUpdate, 3_600_000);\n\n';
  const code = 'async function lookForUpdate() {\n  const is = await keepUpToDate();\n}\n';
  expect(await describeCode('main.ts', `${router}${timer}${code}`)).toBe(
    'the function lookForUpdate with the statements that use it (lines 3 and 5 to 9)',
  );
});

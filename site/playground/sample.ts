// Two builds of a small app, made by code, for those who have none at hand. The second renames its files, as bundlers do
// at each build, and changes a few lines.

import type { Files } from './read-files.ts';

const WORDS =
  'state view list item route model event value store query cache token label index frame panel field entry group order'.split(
    ' ',
  );

/** Code-like text that is the same in each run. */
function generatedCode(seed: number, functions: number): string {
  let state = seed;
  const next = (limit: number) => {
    // The constants of Numerical Recipes.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
  const word = () => WORDS[next(WORDS.length)] as string;
  const lines = Array.from({ length: functions }, (_, i) => {
    const [a, b, c] = [word(), word(), word()];
    return `function ${a}${b}${i}(${a},${c}){const ${b}=${a}.${c}+${next(9999)};return ${c}.map((each)=>each.${word()}===${b}?${next(99)}:each.${word()}(${b}))}`;
  });
  return `${lines.join('\n')}\n`;
}

const page = (script: string, style: string, vendor: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Sample</title>
    <link rel="stylesheet" href="/assets/${style}">
    <script type="module" src="/assets/${vendor}"></script>
    <script type="module" src="/assets/${script}"></script>
  </head>
  <body><main id="app"></main></body>
</html>
`;
const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64"><rect width="64" height="64" rx="12" fill="#0969da"/><path d="M20 30v-6a12 12 0 0 1 24 0v6h2v20H18V30zm6 0h12v-6a6 6 0 0 0-12 0z" fill="#fff"/></svg>\n';

function build(version: string, greeting: string, hash: string, extra: string): Files {
  const text = (value: string) => new TextEncoder().encode(value);
  const [script, style, vendor] = [`app-${hash}.js`, `style-${hash}.css`, `vendor-${hash}.js`];
  return new Map([
    ['index.html', text(page(script, style, vendor))],
    ['logo.svg', text(LOGO)],
    [
      `assets/${script}`,
      text(
        `${generatedCode(2, 300)}document.querySelector('#app').textContent='${greeting}';\nconsole.log('${version}');\n${extra}`,
      ),
    ],
    [
      `assets/${style}`,
      text('main{font:16px system-ui,sans-serif;max-width:40rem;margin:2rem auto}\n'),
    ],
    [`assets/${vendor}`, text(generatedCode(1, 1200))],
  ]);
}

export const sample = (): Files => build('1.0.0', 'Hello', 'a1b2c3', '');
export const sampleUpdate = (): Files =>
  build('1.1.0', 'Hello, world', 'd4e5f6', generatedCode(3, 5));

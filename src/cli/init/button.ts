// The button that tells visitors of an update: its code, and whether the app has one.

import { join } from 'node:path';
import { exists } from '../../files/leniency.ts';
import { NAME } from './entry-module.ts';
import { sourceOf, sourcesIn } from './find-imports.ts';

/** A file of the app. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** The function that shows the button, and calls itself once an hour. First update, step 2, has the same lines. */
export const BUTTON = `setInterval(lookForUpdate, 3_600_000); // a tab may stay open for days

async function lookForUpdate() {
  const isReady = await keepUpToDate().catch(console.error);
  if (!isReady || document.querySelector('#update')) return;
  const button = document.createElement('button');
  button.id = 'update';
  button.textContent = 'Another version is ready: reload';
  button.onclick = () => location.reload();
  document.body.prepend(button);
}`;

/** Where frameworks have the code of pages. */
const FOLDERS = ['src', 'app', 'pages', 'components'];

/** What the steps have to know of the modules of an app. */
const RELEVANT = /\b(keepUpToDate|RouterProvider|useRouteError)\b/;

/** Finds the files of the app that call the function, or belong to the router of React. */
export async function findRelevant(): Promise<Source[]> {
  const found: Source[] = [];
  for (const folder of FOLDERS) {
    if (!(await exists(folder))) continue;
    for await (const path of sourcesIn(folder, join(folder, 'node_modules'))) {
      const text = await sourceOf(path);
      if (RELEVANT.test(text)) found.push({ path, text });
    }
  }
  return found;
}

/** Whether a module uses what the call gives, only calls it, or does neither. */
export function useOfResult(text: string): 'result' | 'call' | 'none' {
  const uses = [...text.matchAll(USE)].map(({ index }) => {
    const before = text.slice(0, index).trimEnd();
    const after = text.slice(index + NAME.length);
    if (NOT_A_USE.test(before.slice(before.lastIndexOf('\n') + 1))) return 'none';
    if (!after.startsWith('(')) return REFERENCE.test(before) ? ofReference(after) : 'none';
    return /^\(\s*\)(\s*\.catch\([^;\n]*?\))?\s*\.then\(/.test(after) || TAKES.test(before)
      ? 'result'
      : 'call';
  });
  return (['result', 'call'] as const).find((one) => uses.includes(one)) ?? 'none';
}

const USE = new RegExp(`\\b${NAME}\\b`, 'g');

/** A comment, or the declaration in the module that init writes. */
const NOT_A_USE = /^\s*\/?\*|\/\/|\bfunction$/;

/** The function is an argument. */
const REFERENCE = /[=(,:?{]$/;

/** `start().then(keepUpToDate)` drops the result, unless another \`then\` follows. */
function ofReference(after: string): 'result' | 'call' | 'none' {
  if (/^\s*[,}][^;\n]*\bfrom\b|^\s*\}/.test(after)) return 'none';
  return /^\)(?!\s*\.then\()/.test(after) ? 'call' : 'result';
}

/** The end of the text before an expression whose value the module uses. */
const TAKES = /([=(,?:&|!]|\breturn)(\s*(await|void))?$/;

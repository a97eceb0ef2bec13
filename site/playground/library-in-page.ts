// The library as build/library.js bundles it: one file, loaded with the page.

import * as bundled from '../content/library/library.js';

export const library = bundled as typeof import('./library.ts');

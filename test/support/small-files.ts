// A few small files to zip.

import { bytesOf } from './bytes.ts';
import { textOf, utf8 } from './zip.ts';

export const small: Readonly<Record<string, Uint8Array>> = {
  'index.html': utf8('<script src="assets/app.js"></script>'),
  'assets/app.js': textOf(20_000),
  'assets/logo.bin': bytesOf(3000),
  'assets/empty': new Uint8Array(0),
  'zoë/ﬁ😀.txt': utf8('é'),
};

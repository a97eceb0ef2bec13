// The packed package in an empty folder, and the apps that use it.

import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { packedApp } from '../runtimes/packed.js';

/** @returns {Promise<string>} the folder; removing it is the caller's. */
export async function installPacked() {
  const app = await packedApp('consumers');
  await cp(join(import.meta.dirname, 'apps'), app, { recursive: true });
  return app;
}

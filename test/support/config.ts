// Capacitor configs into which the tests write a key.

import { transformSync } from 'esbuild';

/** No key of anyone's: what matters here is its line breaks. */
export const PEM = '-----BEGIN PUBLIC KEY-----\nAAAA\nBBBB\n-----END PUBLIC KEY-----\n';

/** Runs a config and returns its export: the reference for reading and editing. */
export async function run(text: string, fileName: string): Promise<unknown> {
  const loader = fileName.endsWith('.ts') ? 'ts' : 'js';
  const { code } = transformSync(text.replace(/^\uFEFF/, ''), { loader, format: 'cjs' });
  const module = { exports: {} as Record<string, unknown> };
  const environment = { env: {} };
  const load = new Function('module', 'exports', 'require', 'process', 'console', code);
  load(module, module.exports, () => ({ defineConfig: (it: unknown) => it }), environment, {
    log() {},
  });
  const config = await (module.exports['default'] ?? module.exports);
  return typeof config === 'function' ? config() : config;
}

export const TS = 'capacitor.config.ts';
export const JSON_FILE = 'capacitor.config.json';

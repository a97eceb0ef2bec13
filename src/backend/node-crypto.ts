// `node:crypto`, for the modules that run on Node alone.

type NodeCrypto = typeof import('node:crypto');

/**
 * The module of Node. `process.getBuiltinModule` loads it, so that bundlers for browsers find no import of Node.
 *
 * It is `undefined` in a browser. A browser runs this file if the app's bundler inlines dynamic imports, as Rollup does
 * for service workers, but then nothing calls the modules for Node.
 */
export const crypto: NodeCrypto = globalThis.process?.getBuiltinModule?.(
  'node:crypto',
) as NodeCrypto;

/** Whether this is Deno, which has `node:crypto` too. */
export const isDeno: boolean = globalThis.process?.versions?.['deno'] !== undefined;

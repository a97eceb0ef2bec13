// `node:crypto`, for the modules that run on Node alone.

type NodeCrypto = typeof import('node:crypto');

/**
 * The module of Node. `process.getBuiltinModule` loads it, so that bundlers for browsers find no import of Node.
 *
 * A bundler that inlines dynamic imports, as Rollup does for a script that is a service worker, runs the modules for Node
 * in the browser as well. There it is `undefined`, and nothing calls those modules.
 */
export const crypto: NodeCrypto = globalThis.process?.getBuiltinModule?.(
  'node:crypto',
) as NodeCrypto;

/** Whether this is Deno, which has `node:crypto` too. */
export const isDeno: boolean = globalThis.process?.versions?.['deno'] !== undefined;

// The same work with each inflater that this runtime has.

import { findNative } from '../../src/archive/read/native.ts';

/** Makes the next ones find no inflater but that, by taking the others out of sight. */
const INFLATERS: Record<string, () => () => void> = {
  'node:zlib': () => () => {},
  DecompressionStream: hideZlib,
  ours() {
    const showZlib = hideZlib();
    const { DecompressionStream } = globalThis;
    Reflect.deleteProperty(globalThis, 'DecompressionStream');
    return () => {
      Object.assign(globalThis, { DecompressionStream });
      showZlib();
    };
  },
};

function hideZlib(): () => void {
  const { process } = globalThis;
  const find = process?.getBuiltinModule;
  if (find === undefined) return () => {};
  process.getBuiltinModule = ((name: string) =>
    name === 'node:zlib' ? undefined : find.call(process, name)) as typeof find;
  return () => {
    process.getBuiltinModule = find;
  };
}

/** What `work` gives with that inflater; one call after the other. */
export async function withInflater<T>(name: string, work: () => Promise<T>): Promise<T> {
  const show = (INFLATERS[name] as () => () => void)();
  try {
    return await work();
  } finally {
    show();
  }
}

/** Those that differ here: a native one that is not strict is never used. */
export async function findInflaters(): Promise<string[]> {
  const found = new Map<unknown, string>();
  for (const name of Object.keys(INFLATERS).reverse()) {
    found.set(await withInflater(name, async () => findNative()), name);
  }
  return [...found.values()];
}

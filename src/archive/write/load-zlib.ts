// Loads zlib as WebAssembly, or as JavaScript if the runtime has no WebAssembly. Both produce the same bytes.

import { fromBase64 } from '../../base64.ts';
import { checkResult, type OpenStream, OUT_LENGTH, zlibOf } from './zlib.ts';

export interface Zlib {
  readonly open: OpenStream;
  /** The module from which other threads instantiate zlib; `undefined` for JavaScript. */
  readonly module: WebAssembly.Module | undefined;
}

let loaded: Promise<Zlib> | undefined;

/** Loads zlib once. */
export function loadZlib(): Promise<Zlib> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Zlib> {
  const module = await compileZlib();
  if (module === undefined) return { open: await loadZlibScript(), module };
  return { open: zlibOf(await WebAssembly.instantiate(module, {})), module };
}

/** Returns `undefined` if WebAssembly is missing or forbidden. */
async function compileZlib(): Promise<WebAssembly.Module | undefined> {
  if (typeof WebAssembly !== 'object') return undefined;
  const { ZLIB_WASM } = await import('./zlib-wasm.ts');
  try {
    return await WebAssembly.compile(decoded(ZLIB_WASM));
  } catch {
    // A page's Content-Security-Policy or the runtime may forbid WebAssembly.
    return undefined;
  }
}

/** Node's `Buffer` saves 3 ms, because the program has just started and V8 has not compiled our decoder yet. */
function decoded(base64: string): BufferSource {
  return (globalThis.Buffer?.from(base64, 'base64') ??
    fromBase64(base64, 'base64')) as BufferSource;
}

interface ScriptState {
  next_in: Uint8Array;
  next_in_index: number;
  avail_in: number;
  next_out: Uint8Array;
  next_out_index: number;
  avail_out: number;
}

const WINDOW_BITS_RAW = -15;
const METHOD = 8;
const MEMORY_LEVEL = 8;

/** Loads zlib in JavaScript, which is ten times slower. */
export async function loadZlibScript(): Promise<OpenStream> {
  const zlib = await import('./zlib-script.ts');
  return (level) => {
    const state = zlib.createState() as ScriptState;
    const room = new Uint8Array(OUT_LENGTH);
    checkResult(zlib.init(state, level, METHOD, WINDOW_BITS_RAW, MEMORY_LEVEL, 0));
    return {
      write(bytes, flush, take) {
        Object.assign(state, { next_in: bytes, next_in_index: 0, avail_in: bytes.length });
        for (;;) {
          Object.assign(state, { next_out: room, next_out_index: 0, avail_out: OUT_LENGTH });
          const code: number = zlib.deflate(state, flush);
          checkResult(code);
          const length = OUT_LENGTH - state.avail_out;
          if (length > 0) take(room.subarray(0, length));
          if (length < OUT_LENGTH && state.avail_in === 0) return;
        }
      },
      end: () => void zlib.end(state),
    };
  };
}

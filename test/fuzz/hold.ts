// The properties that every target must have on any input.

import { BundleSealError } from '../../src/index.ts';
import type { Target } from './targets.ts';

/** Milliseconds of the processor. By the clock, a busy machine would look like a slow parser. */
const MAX_TIME = 1000;

/** The finding: nothing, or a description of the fault. */
export async function holds(target: Target, input: Uint8Array): Promise<string | undefined> {
  const count = countAllocations();
  const start = process.cpuUsage();
  let thrown: unknown;
  try {
    await target.run(input.slice());
  } catch (error) {
    thrown = error;
  } finally {
    count.stop();
  }
  const { user, system } = process.cpuUsage(start);
  const time = (user + system) / 1000;
  if (thrown !== undefined && !isExpected(thrown)) {
    return `threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
  }
  const allowed = target.memory(input.length);
  if (count.bytes() > allowed) {
    return `asked for ${count.bytes()} bytes of memory, where ${allowed} are allowed for ${input.length} bytes`;
  }
  if (time > MAX_TIME) return `took ${Math.round(time)} ms of the processor`;
  return undefined;
}

function isExpected(thrown: unknown): boolean {
  // Its subclasses are of the platform's making, as is a stack that overflows.
  const plain = thrown instanceof TypeError || thrown instanceof RangeError;
  if (plain) return !/call stack/.test((thrown as Error).message) && isOfTheLibrary(thrown);
  return thrown instanceof BundleSealError;
}

/** An error of the language ("x is not a function") is a fault, though it is a TypeError too. */
function isOfTheLibrary(error: unknown): boolean {
  return !/is not a function|is not iterable|Cannot (read|set|mix|convert)|is not defined|Invalid (typed )?array|Array buffer allocation/.test(
    (error as Error).message,
  );
}

/** Counts the bytes that any code allocates as typed arrays by length, until it is stopped. */
function countAllocations() {
  const original = globalThis.Uint8Array;
  let bytes = 0;
  globalThis.Uint8Array = new Proxy(original, {
    construct(target, list, derived) {
      const [length] = list as [unknown];
      if (typeof length === 'number') bytes += length;
      return Reflect.construct(target, list, derived === globalThis.Uint8Array ? target : derived);
    },
  });
  return {
    bytes: () => bytes,
    stop() {
      globalThis.Uint8Array = original;
    },
  };
}

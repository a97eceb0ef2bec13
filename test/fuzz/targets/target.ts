// What a target of fuzzing is, and what several of them need.

import { BundleSealError } from '../../../src/errors.ts';
import { utf8 } from '../../support/zip.ts';

export interface Target {
  run(input: Uint8Array): unknown;
  /** Where to begin; made anew in each run. */
  seeds(): Promise<readonly Uint8Array[]>;
  /** Words that its inputs are made of. */
  readonly words?: readonly string[];
  /** Where each input takes a private RSA operation in JavaScript. */
  readonly isSlow?: boolean;
  /** Bytes of typed arrays that an input of this length may ask for. */
  memory(length: number): number;
}

export type Targets = Readonly<Record<string, Target>>;

export const KIB = 1024;
export const MIB: number = KIB * KIB;

export const latin1 = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

/** Several times the input, and what RSA and the hashes take whatever the input. */
export const linear = (length: number): number => 16 * length + 256 * KIB;

const isRefusal = (error: unknown) => error instanceof BundleSealError;

/** Continues after an allowed error, so that the code after it runs too. */
export function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

/** The same for work that takes time. */
export async function settled(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

/** The JSON of an input, or an empty object. */
export function parsed(input: Uint8Array): unknown {
  try {
    return JSON.parse(text(input));
  } catch {
    // The caller has parsed it.
    return {};
  }
}

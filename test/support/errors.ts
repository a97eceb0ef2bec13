import { expect } from 'vitest';
import { BundleSealError, type ErrorCode } from '../../src/index.ts';

/** Awaits a rejection with this code and returns the error. */
export async function rejection(work: Promise<unknown>, code: ErrorCode): Promise<BundleSealError> {
  const error = await work.then(
    () => new Error(`expected ${code}, but nothing was thrown`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BundleSealError);
  expect((error as BundleSealError).code, (error as BundleSealError).message).toBe(code);
  return error as BundleSealError;
}

/** Does the same for a function that throws synchronously. */
export function thrown(work: () => unknown, code: ErrorCode): BundleSealError {
  let error: unknown = new Error(`expected ${code}, but nothing was thrown`);
  try {
    work();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(BundleSealError);
  expect((error as BundleSealError).code, (error as BundleSealError).message).toBe(code);
  return error as BundleSealError;
}

/** The error of a promise that rejects. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
}

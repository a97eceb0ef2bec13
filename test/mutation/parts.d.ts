/** Files that are mutated together, and the tests that run for them. */
export interface Part {
  readonly folder: string;
  readonly tests: readonly string[];
  readonly files: readonly string[];
  readonly mocking: readonly string[];
  readonly isolate: boolean;
  readonly result: string;
  readonly sample: string;
}

export const PARTS: Readonly<Record<string, Part>>;

export interface Figure {
  readonly part: string;
  readonly what: string;
}

export interface Run {
  readonly machine: object;
  readonly figures: readonly Figure[];
  readonly missing: readonly string[];
}

export interface Results extends Run {
  /** The machine on which each part was measured last. */
  readonly machines?: Readonly<Record<string, object>>;
}

/** Whether a picture shows figures of this part. */
export function isDrawn(part: string): boolean;

export function merged(before: Results | undefined, run: Run): Results;

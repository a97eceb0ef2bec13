export interface Report {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly figures: readonly object[];
  readonly missing: readonly string[];
}

/** The sections of docs/benchmarks.md, by the name of the bench's part: a title and an explanation. */
export const PARTS: Readonly<Record<string, readonly string[]>>;

/** Writes the page. The sections of parts that were not measured stay as they are in `before`. */
export function toMarkdown(report: Report, before?: string): string;

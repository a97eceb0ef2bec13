export interface Counts {
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
  readonly noCoverage: number;
}

export function scoreOf(counts: Counts): number;
export function intervalOf(counts: Counts): [low: number, high: number];

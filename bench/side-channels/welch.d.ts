export function welch(a: readonly number[], b: readonly number[]): number;
export function largestT(a: readonly number[], b: readonly number[]): number;

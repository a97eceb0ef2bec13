/** A mutant as Stryker describes it. */
export interface Mutant {
  readonly fileName: string;
  readonly location: { readonly start: Place; readonly end: Place };
  readonly mutatorName: string;
  readonly replacement: string;
}

interface Place {
  readonly line: number;
  readonly column: number;
}

export function draw<M extends Mutant>(
  mutants: readonly M[],
  options: { readonly size: number; readonly seed: number },
): M[];

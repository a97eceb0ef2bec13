interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

export function violationsIn(baseDir: string): Promise<{
  readonly violations: readonly Violation[];
  readonly files: number;
  readonly imports: readonly string[];
}>;
export function picture(baseDir: string): Promise<string>;

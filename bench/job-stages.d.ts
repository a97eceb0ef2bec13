export interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** In microseconds. */
  readonly timeDeltas: readonly number[];
}

export function stagesOf(profile: Profile): Map<string, number>;

export function measureStages(
  report: object,
  what: string,
  job: {
    readonly cwd: string;
    readonly args: readonly string[];
    readonly rounds: number;
    readonly prepare?: () => void;
  },
): void;

export function unzipAlone(cwd: string, zip: string, out: string): void;

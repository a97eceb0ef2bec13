// The result of a command, and errors for wrong usage.

/** What a command found out: for programs, and for people. */
export interface Answer {
  /** The object that `--json` prints. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Lines for people. */
  readonly lines: readonly string[];
  /** Whether the command did its work and what it looked at is bad: exit code 1. */
  readonly isBad?: boolean;
}

/** The command was called wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  readonly code: string = 'ERR_USAGE';
}

// 128 and the signal's number, as a shell says it.
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Ctrl-C, or another signal that asks the process to end. */
export class Interrupted extends Error {
  override readonly name: string = 'Interrupted';
  readonly code: string = 'ERR_INTERRUPTED';
  readonly exitCode: number;

  constructor(signal: keyof typeof EXIT_CODES) {
    super(`stopped by ${signal}: nothing is half written`);
    this.exitCode = EXIT_CODES[signal];
  }
}

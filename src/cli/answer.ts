// What a command gives back, and the mistakes in how it was called.

/** What a command found out: for programs, and for people. */
export interface Answer {
  /** The object that `--json` prints. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Lines for people. */
  readonly lines: readonly string[];
  /** Whether the command did its work and what it looked at is bad: exit code 1. */
  readonly isBad?: boolean;
}

/** The command was called in a way that can't work: exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  readonly code: string = 'ERR_USAGE';
}

/** Ctrl-C, or another signal that asks the process to end. */
export class Interrupted extends Error {
  override readonly name: string = 'Interrupted';
  readonly code: string = 'ERR_INTERRUPTED';
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}: nothing was changed`);
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

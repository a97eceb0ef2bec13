// The result of a command, and errors for wrong usage.

/** The result of a command, for programs and for people. */
export interface Answer {
  /** The object that `--json` prints. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Lines for people. */
  readonly lines: readonly string[];
  /** Whether the lines are the output that the user asked for. They then go to standard output, and otherwise to standard error. */
  readonly isShown?: boolean;
  /**
   * Where commands such as `npx bundleseal init` are rewritten for the package manager. `'lines'` is the default.
   * `'lines and json'` is for an object whose texts are messages: `--json` prints other texts, such as metadata, unchanged.
   * `'nothing'` is for an answer that quotes files.
   */
  readonly rewrites?: 'lines' | 'lines and json' | 'nothing';
  /** Whether the command completed but found a fault: exit code 1. */
  readonly isBad?: boolean;
}

/** The error for wrong usage of a command: exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  readonly code: string = 'ERR_USAGE';
}

// 128 plus the number of the signal, as shells report it.
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** The error after Ctrl-C or another signal that asks the process to end. */
export class Interrupted extends Error {
  override readonly name: string = 'Interrupted';
  readonly code: string = 'ERR_INTERRUPTED';
  readonly exitCode: number;

  constructor(
    signal: keyof typeof EXIT_CODES,
    message: string = `stopped by ${signal}: no file is incomplete`,
  ) {
    super(message);
    this.exitCode = EXIT_CODES[signal];
  }
}

/** The error after Escape, Ctrl-C or Ctrl-D at a question. Commands ask before they change anything. */
export class Cancelled extends Interrupted {
  constructor() {
    super('SIGINT', 'cancelled: nothing was changed');
  }
}

// What the catalogue says of a command.

import type { Command } from 'commander';

/** A command. */
export interface Entry {
  /** Its name and operands. */
  readonly usage: string;
  readonly summary: string;
  /** Loads the function that adds its description, options and action. */
  readonly load: () => Promise<(command: Command) => void>;
}

export interface Group {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly Entry[];
}

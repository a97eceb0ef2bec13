// The types of the catalogue.

import type { Command } from 'commander';

/** A command. */
export interface Entry {
  /** Name and operands of the command. */
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

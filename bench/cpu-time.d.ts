export function hasBash(): boolean;

/** Milliseconds of a command, and of all its processes and threads in user and kernel mode. */
export function timed(command: readonly string[], cwd: string): { ms: number; cpu: number };

// Compiles and runs Java programs if a JDK is installed.

import { execFileSync, spawnSync } from 'node:child_process';

const isThere = spawnSync('javac', ['-version']).status === 0;

// In CI a missing JDK is a failure, not a shorter run.
export const skipped: boolean = !isThere && process.env['CI'] === undefined;

/** For programs that run for a second: no optimising compiler, and no threads that collect garbage beside it. */
export const QUICK: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** Returns the name of a group of tests. It says why the tests are skipped. */
export function named(name: string): string {
  if (!skipped) return name;
  return `${name}: skipped, there is no JDK (Debian: apt-get install default-jdk-headless)`;
}

/** Compiles a program, with every warning an error. */
export function compile(source: string, folder: string): void {
  if (!isThere) return;
  const quick = QUICK.map((option) => `-J${option}`);
  execFileSync('javac', [...quick, '-Xlint:all,-serial', '-Werror', '-d', folder, source]);
}

/** Runs a compiled program; returns the lines that it prints. */
export function run(folder: string, program: string, ...parameters: readonly string[]): string[] {
  return execFileSync('java', [...QUICK, '-cp', folder, program, ...parameters], {
    encoding: 'utf8',
  })
    .split('\n')
    .slice(0, -1);
}

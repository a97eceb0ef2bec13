// The words that commands share.

/** Examples under a command's help. */
export function examples(...lines: readonly string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  $ npx bundleseal ${line}`)].join('\n');
}

export const PUBLIC_KEY_HELP =
  'public key; several while keys rotate (default: .bundleseal_key.pub, then the Capacitor config)';

export function bytes(count: number): string {
  // Not by `toLocaleString`, which takes 13 ms to load the locales.
  return `${String(count).replace(/\B(?=(\d{3})+$)/g, ',')} bytes`;
}

/** Collects the values of a repeatable option. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

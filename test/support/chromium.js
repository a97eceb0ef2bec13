// The path and arguments of Chromium, for tests and benchmarks.

export const CHROMIUM_PATH = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

export const CHROMIUM_ARGUMENTS = [
  // The sandbox cannot start in containers and as root.
  '--no-sandbox',
  '--disable-gpu',
  // Prevents requests to the network, which may be missing.
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

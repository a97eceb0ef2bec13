// How Chromium is started, by the tests and by the benchmarks.

export const CHROMIUM_PATH = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

export const CHROMIUM_ARGUMENTS = [
  // Containers and root have no sandbox to start.
  '--no-sandbox',
  '--disable-gpu',
  // Nothing is asked of the network, which may not be there.
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

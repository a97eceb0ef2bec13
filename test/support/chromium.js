// The path and arguments of Chromium, for tests and benchmarks.

export const CHROMIUM_PATH = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

const DISABLED_FEATURES = [
  // Two pages of the address bar. Each window loads them, which takes half a second of computing.
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxPopup',
  // Playwright disables these. Chromium takes only the last list of its command line, which is this one.
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
];

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
  `--disable-features=${DISABLED_FEATURES.join(',')}`,
];

import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', node: 'src/node.ts', zip: 'src/zip.ts' },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  external: [/^node:/],
  // A backend that is not used is not loaded: each dynamic import becomes a file of its own.
  splitting: true,
  treeshake: true,
  clean: true,
  sourcemap: true,
  dts: true,
});

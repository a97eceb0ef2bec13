import { defineConfig } from 'vite';

export default defineConfig({
  // The worker keeps its address from release to release. It is one classic script, as service workers can't import later.
  worker: { format: 'iife', rollupOptions: { output: { entryFileNames: 'sw.js' } } },
});

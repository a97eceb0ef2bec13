import type { Plugin } from 'esbuild';
import type { Plugin as VitePlugin } from 'vitest/config';

export function inlineWorker(entry: string): Promise<{ text: string; files: string[] }>;
export function inlineWorkers(): Plugin;
export function inlineWorkersInVite(): VitePlugin;

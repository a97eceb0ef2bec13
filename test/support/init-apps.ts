// Small apps of each framework, as their own tools lay them out.

import type { Project } from './cli.ts';

export interface App {
  readonly files: Readonly<Record<string, string>>;
  /** What init detects. */
  readonly framework: string;
  readonly dir: string;
  /** The module that gets the call, if there is one. */
  readonly entry?: string;
}

const packageOf = (dependencies: readonly string[], build = 'build') =>
  `${JSON.stringify(
    {
      name: 'my-app',
      version: '1.0.0',
      scripts: { build },
      dependencies: Object.fromEntries(dependencies.map((name) => [name, '1.0.0'])),
    },
    undefined,
    2,
  )}\n`;

const HTML = '<!doctype html><script type="module" src="/src/main.js"></script>\n';

export const APPS: Readonly<Record<string, App>> = {
  vite: {
    files: {
      'package.json': packageOf(['vite']),
      'index.html': HTML,
      'src/main.js': "import './style.css'\n\ndocument.title = 'a'\n",
    },
    ...{ framework: 'vite', dir: 'dist', entry: 'src/main.js' },
  },
  'vite with TypeScript and its own folder': {
    files: {
      'package.json': packageOf(['vite', 'react']),
      'index.html': HTML.replace('main.js', 'main.tsx'),
      'tsconfig.json': '{}',
      'vite.config.ts': "export default { build: { outDir: './www/' } };\n",
      'src/main.tsx': 'import { a } from "./a";\n\na(<b>é</b>);\n',
    },
    ...{ framework: 'vite', dir: 'www', entry: 'src/main.tsx' },
  },
  'vite with its pages in a folder': {
    files: {
      'package.json': packageOf(['vite']),
      'vite.config.ts': "export default { root: './web', build: { outDir: '../dist' } };\n",
      'web/index.html': HTML.replace('/src/main.js', './js/app.js'),
      'web/js/app.js': 'run();\n',
    },
    ...{ framework: 'vite', dir: 'dist', entry: 'web/js/app.js' },
  },
  next: {
    files: {
      'package.json': packageOf(['next', 'react']),
      'next.config.mjs': "export default { output: 'export' };\n",
      'tsconfig.json': '{}',
    },
    ...{ framework: 'next', dir: 'out' },
  },
  angular: {
    files: {
      'package.json': packageOf(['@angular/core']),
      'angular.json': JSON.stringify({
        projects: { shop: { architect: { build: { options: {} } } } },
      }),
      'tsconfig.json': '{}',
      'src/main.ts': "import { a } from './a';\n\na();\n",
    },
    ...{ framework: 'angular', dir: 'dist/shop/browser', entry: 'src/main.ts' },
  },
  'angular with the builder of Angular 16': {
    files: {
      'package.json': packageOf(['@angular/core']),
      'angular.json': JSON.stringify({
        projects: {
          shop: {
            architect: {
              build: {
                builder: '@angular-devkit/build-angular:browser',
                options: { outputPath: 'dist/shop' },
              },
            },
          },
        },
      }),
      'tsconfig.json': '{}',
      'src/main.ts': "import { a } from './a';\n\na();\n",
    },
    ...{ framework: 'angular', dir: 'dist/shop', entry: 'src/main.ts' },
  },
  'create react app': {
    files: {
      'package.json': packageOf(['react-scripts']),
      'src/index.js': "import App from './App';\n\nApp();",
    },
    ...{ framework: 'cra', dir: 'build', entry: 'src/index.js' },
  },
  sveltekit: {
    files: {
      'package.json': packageOf(['@sveltejs/kit', '@sveltejs/adapter-static', 'vite']),
      'src/app.html': '<!doctype html>',
    },
    ...{ framework: 'sveltekit', dir: 'build', entry: 'src/hooks.client.js' },
  },
  'sveltekit with a single page in its own folder': {
    files: {
      'package.json': packageOf(['@sveltejs/kit', '@sveltejs/adapter-static', 'vite']),
      'svelte.config.js':
        "export default { kit: { adapter: adapter({ pages: 'www', fallback: '200.html' }) } };\n",
      'tsconfig.json': '{}',
    },
    ...{ framework: 'sveltekit', dir: 'www', entry: 'src/hooks.client.ts' },
  },
  astro: {
    files: {
      'package.json': packageOf(['astro']),
      'tsconfig.json': '{}',
      'src/pages/index.astro': '<p>Home</p>\n',
      'src/pages/about.astro': '<p>About</p>\n',
    },
    ...{ framework: 'static', dir: 'dist' },
  },
  capacitor: {
    files: {
      'package.json': packageOf(['@capacitor/core', 'vite']),
      'capacitor.config.json': '{ "appId": "com.example.app", "webDir": "www" }\n',
      'src/main.js': '',
    },
    ...{ framework: 'capacitor', dir: 'www' },
  },
  electron: {
    files: {
      'package.json': packageOf(['electron', 'vite']),
      'index.html': HTML,
      'src/main.js': "import { showApp } from './app.js';\n\nshowApp();\n",
    },
    ...{ framework: 'electron', dir: 'dist', entry: 'src/main.js' },
  },
  'electron-vite': {
    files: {
      'package.json': packageOf(['electron', 'electron-vite', 'vite']),
      'electron.vite.config.mjs': 'export default { main: {}, preload: {}, renderer: {} };\n',
      'src/main/index.js': '',
      'src/renderer/index.html': HTML.replace('/src/main.js', './src/renderer.js'),
      'src/renderer/src/renderer.js': 'run();\n',
    },
    ...{ framework: 'electron', dir: 'out/renderer', entry: 'src/renderer/src/renderer.js' },
  },
  'electron forge with Vite': {
    files: {
      'package.json': packageOf(['electron', '@electron-forge/plugin-vite', 'vite']),
      'index.html': HTML.replace('main.js', 'renderer.js'),
      'src/main.js': '',
      'src/renderer.js': 'run();\n',
    },
    ...{ framework: 'electron', dir: '.vite/renderer/main_window', entry: 'src/renderer.js' },
  },
  'no framework, and a built website': {
    files: { 'package.json': packageOf(['eleventy']), '_site/index.html': '<!doctype html>' },
    ...{ framework: 'static', dir: '_site' },
  },
  'no framework': {
    files: { 'package.json': '{\n\t"name": "plain"\n}', 'index.html': '<!doctype html>' },
    ...{ framework: 'static', dir: 'dist' },
  },
};

/** The flags that the app needs without a terminal. They ask for a workflow, which an app outside of GitHub has not by default. */
export function flagsOf({ framework }: App): readonly string[] {
  const isNative = framework === 'capacitor' || framework === 'electron';
  const flags = ['--yes', '--ci', 'github'];
  return isNative ? [...flags, '--url', 'https://updates.example.com/app/'] : flags;
}

export async function writeApp({ write }: Project, { files }: App): Promise<void> {
  for (const [path, text] of Object.entries(files)) await write(path, text);
}

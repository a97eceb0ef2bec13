// The build folder and the first module that bundleseal init detects from the configs and pages of an app.

import { describe, expect, it } from 'vitest';
import { useCli, withProject } from '../../../support/cli.ts';
import { keyB } from '../../../support/vectors.ts';

useCli();

type Files = Readonly<Record<string, string>>;

const packageOf = (name: string, build = 'build') =>
  JSON.stringify({ name: 'a', scripts: { build }, devDependencies: { [name]: '1.0.0' } });

/** What init answers and changes in an app of these files. */
async function detected(files: Files): Promise<{ dir: string; paths: string[]; next: string[] }> {
  let found: { dir: string; paths: string[]; next: string[] } | undefined;
  await withProject(async (project) => {
    await project.write('.bundleseal_key.pub', keyB.spki);
    for (const [path, text] of Object.entries(files)) await project.write(path, text);
    const result = await project.json(['init', '--yes', '--dry-run']);
    const { answers, changes, next } = result as {
      answers: { dir: string };
      changes: { path: string }[];
      next: string[];
    };
    found = { dir: answers.dir, paths: changes.map(({ path }) => path), next };
  });
  if (found === undefined) throw new Error('init has not run');
  return found;
}

const dirOf = async (files: Files) => (await detected(files)).dir;

describe('the build folder of a config of Vite', () => {
  const DEFINE = "import { defineConfig } from 'vite';\n";

  it.each([
    ["export default defineConfig({ test: { root: './test' } });", 'dist'],
    ["export default defineConfig({ plugins: [dts({ outDir: 'types' })] });", 'dist'],
    [
      "export default defineConfig({ plugins: [dts({ outDir: 'a' })], build: { outDir: 'b' } });",
      'b',
    ],
    ["export default { build: {\n// outDir: 'old',\noutDir: 'new' } };", 'new'],
    ['export default { build: { outDir: `www` } } satisfies UserConfig;', 'www'],
    ["export default { 'build': { 'outDir': 'www' } };", 'www'],
    ["const outDir = 'www';\nexport default defineConfig({ build: { outDir } });", 'www'],
    ["export default defineConfig(() => ({ build: { outDir: 'www' } }));", 'www'],
    ["export default { build: { outDir: path.resolve(__dirname, './www/') } };", 'www'],
    ["export default { root: resolve(import.meta.dirname, 'web') };", 'web/dist'],
    [
      "export default { root: fileURLToPath(new URL('./web', import.meta.url)), build: { outDir: '../www' } };",
      'www',
    ],
    ["export default mergeConfig(base, { test: { root: 't' }, build: { outDir: 'www' } });", 'www'],
    [
      "export default defineConfig(({ command }) => {\nif (command === 'serve') return {};\nreturn { build: { outDir: 'www' } };\n});",
      'www',
    ],
    ["export default { build: { outDir: process.env.OUT ?? 'www' } };", 'dist'],
    ["export default { build: { outDir: 'www' ", 'dist'],
  ])('is read without running it from %j', async (config, dir) => {
    const files = { 'package.json': packageOf('vite'), 'vite.config.ts': DEFINE + config };
    expect(await dirOf(files)).toBe(dir);
  });

  it.each(['vite build --outDir www', 'tsc && vite build --outDir=./www/ --emptyOutDir'])(
    'is the one that the script build names: %s',
    async (script) => {
      const config = "export default { build: { outDir: 'other' } };";
      const files = { 'package.json': packageOf('vite', script), 'vite.config.js': config };
      expect(await dirOf(files)).toBe('www');
    },
  );
});

describe('the build folder of another framework', () => {
  const OUTPUT = { outputPath: 'out/shop' };
  const angular = (workspace: object | string): Files => ({
    'package.json': packageOf('@angular/core'),
    'angular.json': typeof workspace === 'string' ? workspace : JSON.stringify(workspace),
  });

  it.each([
    [
      'the app beside a library of Angular',
      angular({ projects: { lib: { projectType: 'library', architect: {} }, shop: {} } }),
      'dist/shop/browser',
    ],
    [
      'the default project of Angular',
      angular({ defaultProject: 'shop', projects: { admin: {}, shop: {} } }),
      'dist/shop/browser',
    ],
    [
      'an angular.json with targets',
      angular({ projects: { shop: { targets: { build: { options: OUTPUT } } } } }),
      'out/shop/browser',
    ],
    [
      'a configuration of Angular for production',
      angular({
        projects: { shop: { architect: { build: { configurations: { production: OUTPUT } } } } },
      }),
      'out/shop/browser',
    ],
    [
      'an angular.json with comments',
      angular('\ufeff{ /* all */ "projects": { "shop": {}, }, // end\n}'),
      'dist/shop/browser',
    ],
    [
      'a build of Angular without a folder for the browser',
      angular({
        projects: {
          shop: {
            architect: { build: { options: { outputPath: { base: 'www/', browser: '' } } } },
          },
        },
      }),
      'www',
    ],
    [
      'BUILD_PATH in the script of Create React App',
      { 'package.json': packageOf('react-scripts', 'BUILD_PATH=./www react-scripts build') },
      'www',
    ],
    [
      'BUILD_PATH in the .env of Create React App',
      { 'package.json': packageOf('react-scripts'), '.env': 'PORT=1\nBUILD_PATH="www"\n' },
      'www',
    ],
    [
      'distDir of Next.js',
      {
        'package.json': packageOf('next'),
        'next.config.ts':
          "const config: NextConfig = { output: 'export', distDir: './www' };\nexport default config;\n",
      },
      'www',
    ],
    [
      'the static adapter of SvelteKit',
      {
        'package.json': packageOf('@sveltejs/kit'),
        'svelte.config.js':
          "export default { kit: { adapter: adapter({ pages: 'www', assets: 'www' }) } };\n",
      },
      'www',
    ],
  ])('follows %s', async (_, files, dir) => {
    expect(await dirOf(files)).toBe(dir);
  });
});

describe('the first module of the app', () => {
  const MODULE = '<script type="module" src="/src/boot.ts"></script>';

  it.each([
    `<!-- <script type="module" src="/src/main.ts"></script> -->${MODULE}`,
    `<script src="/env.js"></script>${MODULE}`,
    `<script src="/src/main.ts"></script>${MODULE}`,
    `<script src="https://example.com/a.js" async></script>${MODULE}`,
    '<script type=module src=/src/boot.ts></script>',
    "<SCRIPT\n TYPE='module'\n SRC='./src/boot.ts?v=2'\n></SCRIPT>",
    '<script type="module" src="%BASE_URL%src/boot.ts"></script>',
  ])('is the first module that the page loads: %s', async (page) => {
    const { paths } = await detected({
      'package.json': packageOf('vite'),
      'index.html': page,
      'src/boot.ts': "import './a';\n",
      'src/main.ts': "import './b';\n",
    });
    expect(paths).toContain('src/boot.ts');
    expect(paths).not.toContain('src/main.ts');
  });

  it('is named by no file if the page has the code of its module, so the user adds the call', async () => {
    const { paths, next } = await detected({
      'package.json': packageOf('vite'),
      'index.html': '<script type="module">import "/src/boot.ts";</script>',
      'src/main.ts': "import './b';\n",
    });
    expect(paths).not.toContain('src/main.ts');
    expect(next.join('\n')).toContain('call it in the module that starts the app');
  });
});

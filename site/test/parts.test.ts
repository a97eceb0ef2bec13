// What the playground computes itself, and how pages are rewritten for the site.

import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encryptBundle, keygen } from '../../src/index.ts';
import { listErrors } from '../build/errors-list.js';
import { rewrite } from '../build/links.js';
import { contentPolicy } from '../build/policy.js';
import { deflatedSize, nearest } from '../playground/compare.ts';
import { fieldsOf } from '../playground/fields.ts';
import { sample, sampleUpdate } from '../playground/sample.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('the fields of a bundle', () => {
  it.each([0, 1, 4096, 5 * 4096 + 1])(
    'cover each byte of a bundle of %d bytes once',
    async (size) => {
      const { privateKey, keyId } = await keygen({ modulusBits: 3072 });
      const { bytes: sealed } = await encryptBundle(new Uint8Array(size), {
        privateKey,
        chunkSize: 4096,
        metadata: { appId: 'com.example.app' },
      });
      const fields = fieldsOf(sealed);
      let offset = 0;
      for (const field of fields) {
        expect(field.offset, field.name).toBe(offset);
        expect(field.shown).toBeLessThanOrEqual(field.length);
        offset += field.length;
      }
      expect(offset).toBe(sealed.length);
      expect(fields.find(({ name }) => name === 'key id')?.value).toBe(keyId);
      expect(fields.find(({ name }) => name === 'metadata')?.value).toBe(
        '{"appId":"com.example.app"}',
      );
    },
  );
});

describe('the comparison of two builds', () => {
  it('deflates as zlib does', async () => {
    const content = bytes('the same words, '.repeat(1000));
    const size = await deflatedSize(content);
    expect(size).toBeLessThan(content.length / 20);
    expect(Math.abs(size - deflateRawSync(content).length)).toBeLessThan(50);
  });

  it('finds the file that most of a new file was in, with the share', () => {
    const before = sample();
    const after = sampleUpdate();
    const { from, share } = nearest(after.get('assets/app-d4e5f6.js') as Uint8Array, before);
    expect(from).toBe('assets/app-a1b2c3.js');
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThanOrEqual(1);
  });

  it('finds nothing for a file whose content is new', () => {
    const fresh = Uint8Array.from({ length: 4096 }, (_, i) => (i * i * 31 + 7 * i) % 251);
    expect(nearest(fresh, sample())).toEqual({ share: 0 });
    expect(nearest(new Uint8Array(), sample())).toEqual({ share: 0 });
  });
});

describe('the sample', () => {
  it('is the same in each run, and its update changes and renames files', () => {
    const all = (files: ReadonlyMap<string, Uint8Array>) => Buffer.concat([...files.values()]);
    expect(all(sample()).equals(all(sample()))).toBe(true);
    expect([...sample().keys()]).not.toEqual([...sampleUpdate().keys()]);
  });
});

describe('a page of the repository', () => {
  const resolve = (link: string) => (link === 'cli.md' ? './cli.md' : undefined);

  it('has its links moved, in the text and not in code', () => {
    const page =
      'See [it](cli.md#a), [`x`](gone.js) and [that](https://example.com).\n\n```md\n[it](cli.md)\n```\n';
    expect(rewrite(page, resolve)).toBe(
      'See [it](./cli.md#a), `x` and [that](https://example.com).\n\n```md\n[it](cli.md)\n```\n',
    );
  });

  it('fails for a picture that the site does not have', () => {
    const picture =
      '<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="a-dark.svg">\n  <img alt="a" src="a.svg">\n</picture>';
    expect(() => rewrite(picture, resolve)).toThrow('the site has no a.svg');
  });
});

describe('the errors of a function', () => {
  it('are a list with an item for each, with the whole explanation', () => {
    const text =
      'BundleSealError\n`ERR_A` if it is cut; `ERR_B`; `ERR_C` if it is old; then try again; and\n`ERR_D`.';
    const after = '## See\n\none; `Two`; `Three`\n';
    expect(listErrors(`# f\n\n## Throws\n\n${text}\n\n${after}`)).toBe(
      `# f\n\n## Throws\n\n- BundleSealError \`ERR_A\` if it is cut\n- \`ERR_B\`\n- \`ERR_C\` if it is old; then try again\n- \`ERR_D\`.\n\n${after}`,
    );
  });

  it('stay a sentence if there are few', () => {
    const page = '# f\n\n### Throws\n\n`ERR_A` if it is cut; `ERR_B` if it is old.\n\n';
    expect(listErrors(page)).toBe(page);
  });
});

describe('the policy of a page', () => {
  it('allows the scripts of the page by their hash', () => {
    const page = contentPolicy(
      '<html><head></head><script>a()</script><script src="/b.js"></script></html>',
    );
    expect(page.match(/'sha256-[^']+'/g)).toHaveLength(1);
    expect(page).toContain("connect-src 'none'");
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<script'));
  });
});

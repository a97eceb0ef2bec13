// Where the Markdown points: files and headings have to be there. Addresses elsewhere are looked at for their form
// alone, so that a run does not depend on other sites.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { remark } from 'remark';
import remarkGfm from 'remark-gfm';
import remarkValidateLinks from 'remark-validate-links';
import { engine } from 'unified-engine';
import { visit } from 'unist-util-visit';

const ROOT = join(import.meta.dirname, '../..');

let local = 0;
let elsewhere = 0;

/** What HTML points to, written as Markdown's own, so that both checks see it. */
function linksOfHtml() {
  return (tree) => {
    const found = [];
    visit(tree, 'html', ({ value, position }) => {
      for (const [, urls] of value.matchAll(/\s(?:href|src|srcset)=["']([^"']*)["']/gi)) {
        for (const url of urls.split(',').map((each) => each.trim().split(/\s/)[0])) {
          found.push({ type: 'definition', identifier: `html-${found.length}`, url, position });
        }
      }
    });
    tree.children.push(...found);
  };
}

/** What has a scheme is https to a host with a dot, without a password or a port; the rest is a file of ours. */
function wellFormed() {
  return (tree, file) => {
    visit(tree, (node) => {
      if (!['link', 'image', 'definition'].includes(node.type)) return;
      if (!/^([a-z][a-z\d+.-]*:|\/\/)/i.test(node.url)) {
        local++;
        return;
      }
      elsewhere++;
      const url = URL.canParse(node.url) ? new URL(node.url) : undefined;
      const good =
        url?.protocol === 'https:' &&
        /^[a-z\d-]+(\.[a-z\d-]+)+$/.test(url.hostname) &&
        `${url.username}${url.password}${url.port}` === '';
      if (!good) file.message(`Not a well-formed https address: ${node.url}`, node);
    });
  };
}

const files = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md', ':!site/pages'],
  { cwd: ROOT, encoding: 'utf8' },
)
  .split('\0')
  .filter(Boolean);

const status = await new Promise((resolve, reject) => {
  engine(
    {
      processor: remark(),
      cwd: ROOT,
      files,
      plugins: [remarkGfm, linksOfHtml, wellFormed, [remarkValidateLinks, { repository: false }]],
      frail: true,
      quiet: true,
      color: false,
      output: false,
      out: false,
      streamError: process.stdout,
    },
    (error, code) => (error ? reject(error) : resolve(code)),
  );
});
if (local < 20 || elsewhere === 0) {
  console.log(`only ${local} links to files and ${elsewhere} elsewhere were seen`);
  process.exitCode = 1;
} else if (status !== 0) process.exitCode = 1;
else console.log(`${files.length} pages: ${local} links lead somewhere, ${elsewhere} well-formed`);

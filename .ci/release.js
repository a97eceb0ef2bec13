// What has to be right before a release is published, and can't be known before: the tag, the changelog and the
// repository's address. Run by .github/workflows/publish.yml, which sets the two variables.

import { readFileSync } from 'node:fs';

const { GITHUB_REF_NAME: tag, GITHUB_REPOSITORY: here } = process.env;
const read = (file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const { version, repository, private: hidden } = JSON.parse(read('package.json'));

const complaints = [];
if (tag !== `v${version}`) complaints.push(`the tag is ${tag}, package.json says ${version}`);
const headings = read('CHANGELOG.md').match(/^## .*/gm) ?? [];
if (!headings.some((heading) => heading.split(' ')[1] === version)) {
  complaints.push(`CHANGELOG.md has no section for ${version}`);
}
const address = typeof repository === 'string' ? repository : repository?.url;
if (here === undefined || address !== `git+https://github.com/${here}.git`) {
  complaints.push(
    `package.json: repository.url is ${address}; npm compares it with the provenance statement's: set it to git+https://github.com/${here}.git`,
  );
}
if (hidden) complaints.push('package.json says that the package is private');

for (const complaint of complaints) console.log(`not published: ${complaint}`);
if (complaints.length === 0) console.log(`${tag} may be published`);
process.exitCode = complaints.length === 0 ? 0 : 1;

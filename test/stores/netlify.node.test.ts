// The commands of the guide for Netlify, without the deploy itself, which needs an account. A function of the shell stands in for
// it and replaces the whole site, and a server sends the headers that `_headers` asks for.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { useCli, withProject } from '../support/cli.ts';
import { serveStore } from '../support/store-server.ts';
import { commandsWith, expectWhole, npxOf, runAll, writeApp } from './guide.ts';

useCli();

/** The value of Cache-Control for a path, by the rules of a file `_headers`. */
function cacheControlOf(rules: string, path: string): string {
  for (const rule of rules.split(/^(?=\/)/m)) {
    const [pattern = '', ...headers] = rule.trim().split('\n');
    const isMeant = pattern.endsWith('*')
      ? path.startsWith(pattern.slice(0, -1))
      : path === pattern;
    if (isMeant) return /Cache-Control: (.*)/.exec(headers.join('\n'))?.[1] ?? '';
  }
  return '';
}

it('the commands for Netlify make a whole site with the right headers', async () => {
  await withProject(async (project) => {
    const { folder, path } = project;
    await writeApp(project, 1);
    for (const channel of ['production', 'beta'])
      await runAll(folder, [
        `${npxOf(project)} release publish dist --store site --channel ${channel}`,
      ]);
    const { url } = await serveStore(
      path('site'),
      () => false,
      (file) => cacheControlOf(readFileSync(path('site/_headers'), 'utf8'), file),
    );
    await writeApp(project, 2);
    await runAll(folder, ['echo > site/_headers']);
    const deployed = await runAll(folder, [
      'netlify() { echo "$@"; rm -r site; cp -R out site; }',
      commandsWith('netlify deploy', {
        'npx bundleseal': npxOf(project),
        'https://updates.example.com': url,
      }),
    ]);
    expect(deployed.trim().split('\n').at(-1)).toBe('deploy --prod --dir out');
    await expectWhole(url, 2);
    await expectWhole(url, 1, 'beta');
    const rules = readFileSync(path('site/_headers'), 'utf8');
    expect(cacheControlOf(rules, '/keys.sealed')).toBe('no-cache');
  });
});

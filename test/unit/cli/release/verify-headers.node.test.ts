// release verify at a host whose headers nobody can set, such as GitHub Pages.

import { expect, it } from 'vitest';
import { useCli } from '../../../support/cli.ts';
import { CHANNEL, done, withApp } from '../../../support/cli-release.ts';
import { serveStore } from '../../../support/store-server.ts';

useCli();

it('names wrong cache headers by a code, so that a job at a host with fixed headers can leave them out', async () => {
  await withApp(async (project) => {
    await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
    const pages = await serveStore(project.path('store'), undefined, () => 'max-age=600');
    const verify = (url: string) =>
      project.run(['release', 'verify', '--channel', 'production', '--from', url, '--json']);
    const { code, stdout } = await verify(pages.url);
    const { problems } = JSON.parse(stdout) as { problems: { code: string }[] };
    expect([code, problems.length > 0]).toEqual([1, true]);
    expect(problems.filter((one) => one.code !== 'cache')).toEqual([]);
    const down = await serveStore(project.path('store'), (_, response) => {
      response.writeHead(401).end();
      return true;
    });
    const failed = await verify(down.url);
    expect(failed.code).toBe(1);
    const { problems: others } = JSON.parse(failed.stdout) as { problems?: { code: string }[] };
    expect(others?.every((one) => one.code === 'cache') ?? false).toBe(false);
  });
});

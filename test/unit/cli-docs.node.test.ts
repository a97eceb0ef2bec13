// Every command in docs/cli.md is run, in its order, in one project.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { useCli, withProject } from '../support/cli.ts';

useCli();

const page = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) =>
  (block as string).trim().split('\n'),
);

it('the commands of docs/cli.md do what the page says', async () => {
  expect(commands.length).toBeGreaterThan(12);
  await withProject(async ({ run, write }) => {
    await write('dist/index.html', '<script>notifyAppReady()</script>');
    await write('capacitor.config.json', '{ "appId": "com.example.app", "webDir": "dist" }');
    await write('package.json', '{ "version": "1.0.0" }');
    for (const command of commands) {
      const [, args] = /^npx bundleseal (.+)$/.exec(command) as unknown as [string, string];
      const { code, stderr } = await run(args.split(' '));
      expect(code, `${command}\n${stderr}`).toBe(0);
    }
  });
});

// What the user has to do after init --undo, because init changes nothing outside of the project.

import { typedCommands } from '../package-manager.ts';
import type { Root } from '../project.ts';
import { bytesOf } from './read.ts';
import { TOGETHER } from './workflow-parts.ts';

/** Without a store here, nothing may have been published yet. Another machine may have deployed the website. */
export async function visitorLines(
  hasReleases: boolean,
  written: string | undefined,
): Promise<string[]> {
  const script = written ?? (await removingScript());
  if (script !== undefined) {
    return [
      `  next: deploy ${script}, which removes the service worker of browsers that have visited the website, and keep it on the server as long as such browsers may come back`,
    ];
  }
  const who = hasReleases
    ? 'browsers that have visited the website keep its service worker'
    : 'if the website was deployed with its service worker, browsers that have visited it keep the worker';
  return [
    `  next: ${who}, which keeps serving their release.`,
    `        To end that, run ${typedCommands().execute} bundleseal init --undo --remove-worker, which writes a script for your next deploy`,
  ];
}

/** Finds the script of docs/guides/pwa.md among the files that tools copy into the build, or in a website without a tool. */
async function removingScript(): Promise<string | undefined> {
  for (const path of ['public/sw.js', 'static/sw.js', 'sw.js']) {
    const text = (await bytesOf(path))?.toString() ?? '';
    if (text.includes('.unregister()') && text.includes("'bundleseal'")) return path;
  }
  return undefined;
}

/**
 * Says what a removed workflow leaves behind: a website that nothing deploys, and settings on GitHub.
 *
 * @param workflow - The text of the workflow, as init wrote it. Its head lists the settings.
 * @param hosting - Without a remote on GitHub, nobody may have made the settings.
 */
export function removedWorkflowLines(workflow: string, hosting: Root['hosting']): string[] {
  const settings = Array.from(
    workflow.matchAll(/^# {3}(secret|variable) (\w+)/gm),
    ([, kind, name]) => `the ${kind} ${name}`,
  );
  const isOnPages = workflow.includes('actions/deploy-pages@');
  const rules = isOnPages ? ['the tag rule v* of the environment github-pages'] : [];
  return [
    ...(workflow.includes(TOGETHER)
      ? [
          '  next: nothing deploys the website any more, because the removed workflow did: deploy its build in another way.',
        ]
      : []),
    ...(workflow.includes('404.html')
      ? [
          '        If the routes of the app are paths, copy index.html to 404.html in the build before each deploy to GitHub Pages, as the workflow did',
        ]
      : []),
    `  next: ${hosting === 'github' ? '' : 'if the app was in a repository on GitHub, '}GitHub keeps the settings of the removed workflow. Delete there what nothing else needs: ${[...settings, ...rules].join(', ')}`,
  ];
}

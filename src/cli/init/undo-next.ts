// What the user has to do after init --undo, because init changes nothing outside of the project.

import { TOGETHER } from './workflow-parts.ts';

/** Without a store here, nothing may have been published yet. Another machine may have deployed the website. */
export function visitorLines(hasReleases: boolean): string[] {
  const who = hasReleases
    ? 'browsers that have visited the website keep its service worker'
    : 'if the website was deployed with its service worker, browsers that have visited it keep the worker';
  return [
    `  next: ${who}, which keeps serving their release.`,
    '        To end that, deploy the script of docs/guides/pwa.md (in node_modules/bundleseal), "Remove it again", as sw.js',
  ];
}

/**
 * Says what a removed workflow leaves behind: a website that nothing deploys, and settings on GitHub.
 *
 * @param workflow - The text of the workflow, as init wrote it. Its head lists the settings.
 */
export function workflowLines(workflow: string): string[] {
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
    `  next: GitHub keeps the settings of the removed workflow. Delete there what nothing else needs: ${[...settings, ...rules].join(', ')}`,
  ];
}

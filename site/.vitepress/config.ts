import { fileURLToPath } from 'node:url';
import { slug } from 'github-slugger';
import { defineConfig } from 'vitepress';
import { contentPolicy } from '../build/policy.js';
import { API, GROUPS } from './sidebar.ts';

export default defineConfig({
  title: 'bundleseal',
  description:
    'End-to-end encryption and signatures for the bundles that Capacitor, Electron and web apps download.',
  lang: 'en',
  base: process.env['SITE_BASE'] ?? '/',
  srcDir: 'content',
  outDir: 'dist',
  cleanUrls: false,
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: `${process.env['SITE_BASE'] ?? '/'}logo.svg` }]],
  // Prefetched pages would be requests after the load.
  router: { prefetchLinks: false },
  markdown: {
    // Anchors are those of code hosting sites, for which the pages are written.
    anchor: { slugify: slug },
    config: (md) => {
      // Code that is indented scrolls like code in fences, and the keyboard reaches it.
      const { code_block: indented } = md.renderer.rules;
      md.renderer.rules['code_block'] = (...given) =>
        (indented as NonNullable<typeof indented>)(...given).replace('<pre', '<pre tabindex="0"');
    },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  transformHtml: (html) => contentPolicy(html),
  transformPageData({ relativePath }) {
    // Wide tables take the room of the outline, which has two entries on pages of the reference.
    if (relativePath === 'comparison.md')
      return { frontmatter: { pageClass: 'wide', aside: false } };
    if (/^api\/.+\/(interfaces|type-aliases)\//.test(relativePath))
      return { frontmatter: { aside: false } };
    return undefined;
  },
  themeConfig: {
    logo: { src: '/logo.svg', alt: 'Logo' },
    search: { provider: 'local' },
    notFound: { linkText: 'Go to the first page', linkLabel: 'Go to the first page' },
    outline: [2, 3],
    externalLinkIcon: true,
    nav: [
      { text: 'Guides', link: '/guides/first-update', activeMatch: '^/guides/' },
      { text: 'Playground', link: '/playground' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      { text: 'Format', link: '/format' },
      { text: 'Comparison', link: '/comparison' },
    ],
    sidebar: { '/': GROUPS, ...API },
  },
  vite: {
    publicDir: fileURLToPath(new URL('../public', import.meta.url)),
    build: { chunkSizeWarningLimit: 2048 },
  },
});

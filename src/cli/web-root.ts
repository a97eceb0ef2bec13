// Where the page that an app starts with lies, and what to do when it is not at the root.

/**
 * @param indexes - Paths of files that are called index.html, in any case of letters.
 * @param folder - What was named on the command line; absent for a zip.
 */
export function indexAdvice(indexes: readonly string[], folder?: string): string {
  const other = indexes.find((path) => !path.includes('/'));
  if (other !== undefined) {
    return `it has ${JSON.stringify(other)}, and case counts: rename it, or pass --no-index`;
  }
  const byDepth = [...indexes].sort((a, b) => a.split('/').length - b.split('/').length);
  const [first] = byDepth.filter((path) => path.endsWith('/index.html'));
  if (first === undefined) return 'name the folder that the build writes, or pass --no-index';
  const inner = first.slice(0, -'/index.html'.length);
  // Angular and others put a folder between.
  return folder === undefined
    ? `it has ${JSON.stringify(first)}: zip what is in ${JSON.stringify(inner)}, or pass --no-index`
    : `it has ${JSON.stringify(first)}: name ${JSON.stringify(`${folder.replace(/[\\/]+$/, '')}/${inner}`)} instead, or pass --no-index`;
}

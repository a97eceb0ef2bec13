// @ts-check
// The errors of a function, which a docstring lists in one paragraph, as a list with an item for each error.

const SECTION = /^(#{2,5} Throws\n\n)([\s\S]*?)(?=^#{1,5} |(?![\s\S]))/gm;
/** Between two errors. A semicolon inside an explanation is followed by a word. */
const BETWEEN = /;\s+(?:and\s+)?(?=`[A-Z])/;

/** @param {string} page - Markdown of the reference. */
export function listErrors(page) {
  return page.replace(SECTION, (_, heading, body) => {
    const paragraphs = body.trim().split(/\n{2,}/);
    return `${heading}${paragraphs.map(listed).join('\n\n')}\n\n`;
  });
}

/** @param {string} paragraph */
function listed(paragraph) {
  const errors = paragraph.split(BETWEEN);
  if (errors.length < 3) return paragraph;
  return errors.map((error) => `- ${error.replace(/\s*\n\s*/g, ' ')}`).join('\n');
}

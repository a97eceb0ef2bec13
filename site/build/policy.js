// @ts-check
// The Content-Security-Policy of every page: scripts of the site alone, and no request made by a script.

import { createHash } from 'node:crypto';

const INLINE = /<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g;

/** The page with a policy that allows its own inline scripts and no other. @param {string} html */
export function contentPolicy(html) {
  const hashes = [...html.matchAll(INLINE)].map(
    ([, script]) =>
      `'sha256-${createHash('sha256')
        .update(/** @type {string} */ (script))
        .digest('base64')}'`,
  );
  const policy = [
    "default-src 'none'",
    // zlib, with which zips are written, is WebAssembly.
    `script-src 'self' 'wasm-unsafe-eval' ${[...new Set(hashes)].join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return html.replace(
    /<head>|<head [^>]*>/,
    (head) => `${head}\n    <meta http-equiv="Content-Security-Policy" content="${policy}">`,
  );
}

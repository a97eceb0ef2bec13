import { openZip, unzipBundle, zipBundle } from 'bundleseal/zip';

const zip = await zipBundle({ 'a.txt': new TextEncoder().encode('text') });
const files = await unzipBundle(zip);
const [{ path }] = (await openZip(zip)).entries();
if (files.get('a.txt').length !== 4 || path !== 'a.txt') throw new Error('not what was zipped');
console.log('WORKS');

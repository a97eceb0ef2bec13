// @ts-check Writes docs/benchmarks.md from the measured figures only.

/** @typedef {import('./report.js').Figure} Figure */

export const PARTS = {
  node: [
    'Node, `node` backend, against `node:crypto` by hand',
    'RSA-4096, chunks of 256 KiB. By hand: one thread, AES-256-GCM over each chunk into output that is allocated once a call, **one** SHA-256 of the whole and one RSA operation. Ours hashes twice: each chunk and the whole. *32 KiB slices* feeds the cipher as fast as it goes; *same work* also hashes each chunk; *output reused* writes to memory that was touched before, which a call that returns its result can not do. A bundle of 4 MiB is mostly its RSA operation and its second hash.',
  ],
  streams: [
    'Streams on Node, against the calls in memory',
    'The source is a stream of 64 KiB views of memory; the sink a loop that reads and counts the bytes. The calls in memory also allocate all of their output, and `decryptBundle` checks the SHA-256 of the whole, where `decryptStream` relies on that of each chunk.',
  ],
  noble: [
    'Node, `noble` backend, against bare `@noble/ciphers` and `@noble/hashes`',
    'The same primitives over the same chunks, with the digest of each and of the whole; *with RSA*: the same operation by `micro-rsa-dsa-dh`.',
  ],
  webcrypto: [
    'Node, `webcrypto` backend, against bare `crypto.subtle`',
    'Eight chunks in flight, with the digest of each and of the whole.',
  ],
  chromium: [
    'Chromium, `webcrypto` backend, against bare `crypto.subtle`',
    'Eight chunks in flight, with the digest of each and of the whole; *with RSA*: the same operation in JavaScript. *decryptStream*: both read one stream of 64 KiB views of memory, compare the digest of each chunk and count what comes out; bare makes no stream of it. Times of single operations are in the same browser.',
  ],
  capgo: [
    "Capgo's format on Node, against the functions of Capgo's command line",
    'A zip in memory: session key, AES-128-CBC, SHA-256, both signed by RSA-2048; and back. The functions are those that `@capgo/cli` ships, called one after the other as its commands do.',
  ],
  'capgo-chromium': [
    "Capgo's format in Chromium, against bare `crypto.subtle`",
    'Bare: AES-CBC and SHA-256 of the whole at once, no RSA.',
  ],
  files: [
    'File to file on Node',
    'Files of 1 GiB; a process for each run, in turn, its start left out of the time. Ours is flushed to the disk (`fsync`) before its name appears, and hashes twice; the pipelines (`createReadStream`, one AES-256-GCM, one SHA-256 of the plain bytes, `createWriteStream`) write under the final name and flush nothing, but for the one that says so. *highWaterMark 1 MiB*: on every stage. *zeros into the page cache*: a file as long, written and not flushed, with nothing computed. On a virtual machine that is what moves most: memory that has been free for some seconds goes back to the host, and writing a file waits for as much of it again. Each run begins after four seconds of rest, so that all find the same; where memory is at hand the pipelines are faster, and ours, which goes past the page cache, is not. *two cores, no file*: what `openssl speed` does with chunks of 256 KiB in two processes, as the time for encrypting once and hashing twice. Memory is resident memory at its highest, beyond an idle process that has loaded the same.',
  ],
  job: [
    'A folder into a sealed file and back, on Node',
    "Whole processes with their start, in turn, over real files of npm packages: `bundleseal bundle encrypt` of a folder and `bundle decrypt --extract`, beside Info-ZIP's zip with age, 7z with gpg, and Capgo's command line. All flush the opened folder to the disk; ours also hashes twice, signs, and flushes the sealed file. *limit of Node*: a program that only unzips the same files, without a key, a check or a flush. *where the time goes*: the main thread under the profiler of V8; [the chart](decisions/command-time.md) has its stages. *zip and unzip in memory*: `zipBundle` and `unzipBundle` beside fflate.",
  ],
  patches: [
    'Patches between two releases, against zstd and bsdiff',
    'Real releases of web apps from npm. The size of a patch is that of its plain bytes with the header, as a share of what `zstd -19 --long=27 --patch-from` makes of the same two images, and of the smaller of that and of bsdiff. *createPatch* is compared with zstd in a process of its own; peak memory is resident memory beyond an idle process, as a share of the bound that the docs state.',
  ],
  apply: [
    'Applying a patch, against unzipping the whole release',
    'The patch of one release of a large app to the next, by `applyPatch`, and its whole new release by `unzipBundle`; both from memory to memory, checked.',
  ],
  publish: [
    'Publishing a release with patches',
    '`publishRelease` of a large app with patches from the five releases before, into a store on the disk, beside five runs of `zstd -19`.',
  ],
  rsa: ['RSA-4096 on Node', 'One seal made and one recovered, and key pairs.'],
  memory: [
    'Peak memory on Node',
    'Resident memory beyond input and output at its highest, one call in a fresh process, median of several.',
  ],
  'file-memory': [
    'Peak memory of files on Node',
    'Resident memory at its highest, one call in a fresh process, beyond an idle process that has loaded the same; median of several (one at 4 GiB). *One thread*: on one core, where no second thread is started.',
  ],
  ranges: [
    'Parts of a bundle on a web server',
    'Reads of 1 KiB at random places of a sealed bundle of 1 GiB with chunks of 256 KiB, by `httpSource` from a server in the same process; nothing is kept between reads. *Bare fetch* only downloads as many chunks.',
  ],
  fleet: [
    'A fleet that updates itself',
    "Simulated devices over real releases of web apps from npm, source maps left out; a new release each week. The first version is built in. Each release has patches from the five before it, is offered to 10 % of the devices for a day and then to all; the middle one is bad and is withdrawn after 12 hours. A device is launched and checks once a day; it is away for 5 % of the weeks, and 2 % of its days have a broken download: a cut that is resumed, a network that goes away, or altered bytes, after which another way is taken. *File-level deltas*: each file whose SHA-256 no file of the device has, compressed with brotli, as Capgo's manifests do; nothing is added for broken downloads, nor for the manifest. *Full bundles*: one bundle an update. Every patch is applied once and gives the real files. Twenty devices of the first app also run as real updaters, and do the same at every launch.",
  ],
  update: [
    'Starting a release, and applying an update',
    '*start*: the first `start` of a process or page with an installed and confirmed release of 1,000 files, beyond one read of the state; median, where the files are in the page cache. *Memory*: resident memory at its highest while a patch is downloaded and installed in a folder, beyond an idle process and both images.',
  ],
  size: [
    'Size and start',
    'Minified and gzipped, each file by itself. What is loaded lazily is loaded when its backend is chosen.',
  ],
};

/** @param {{ machine: Record<string, any>, figures: Figure[], missing: string[] }} report */
export function toMarkdown({ machine, figures, missing }) {
  const { cpu, cores, memoryGiB, platform, node, openssl, loadAverage, loadAverageAtEnd } = machine;
  const lines = [
    '# Benchmarks',
    '',
    'Written by `npm run bench -- --write`; nothing here is typed by hand. All that is compared runs alternately, in one',
    'process (file to file: one for each run), and is first shown to open what the other sealed or to give the same bytes.',
    'A ratio is how many times as fast ours is: the median over the rounds, each compared within itself. Times and memory',
    'vary with the machine; on a shared one, look at the ratios, and take a tenth either way for noise.',
    '',
    `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}. Node ${node}, OpenSSL ${openssl}. Load average ${loadAverage.join(', ')} at the start, ${loadAverageAtEnd.join(', ')} at the end.`,
    '',
  ];
  for (const { part, what } of figures) {
    if (!Object.hasOwn(PARTS, part)) throw new Error(`no section for the part ${part}: ${what}`);
  }
  for (const [part, [title, explanation]] of Object.entries(PARTS)) {
    const own = figures.filter((figure) => figure.part === part);
    if (own.length === 0) continue;
    const compared = own.some(({ details }) => details !== undefined && 'peer' in details);
    lines.push(`## ${title}`, '', String(explanation), '');
    lines.push(
      compared
        ? '| what | ours | the other | ratio | wanted |\n| --- | --- | --- | --- | --- |'
        : '| what | figure | wanted |\n| --- | --- | --- |',
    );
    for (const figure of own) lines.push(compared ? comparison(figure) : single(figure));
    lines.push('');
  }
  for (const why of missing) lines.push(`Not measured: ${why}`, '');
  return lines.join('\n');
}

/** @param {Figure} figure */
function comparison(figure) {
  const { value, unit } = figure;
  const what = figure.what.trim();
  const details = /** @type {any} */ (figure.details);
  if (details?.peer === undefined) {
    return `| ${what} | ${number(value)} ${unit} | | | ${wanted(figure)} |`;
  }
  const time = (/** @type {{ median: number }} */ { median }) => `${number(median)} ms`;
  const cells = [what, time(details.ours), time(details.peer), value.toFixed(2), wanted(figure)];
  return `| ${cells.join(' | ')} |`;
}

/** @param {Figure} figure */
function single(figure) {
  return `| ${figure.what.trim()} | ${number(figure.value)} ${figure.unit} | ${wanted(figure)} |`;
}

/** @param {Figure} figure */
function wanted({ target, met }) {
  if (target === undefined) return '';
  return `${target.op === '>=' ? '≥' : '≤'} ${target.value}${met ? '' : ' **missed**'}`;
}

/** @param {number} value */
function number(value) {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

// What users can call, as committed reports of the built declarations: a change of it shows in a diff, and where
// it does not, this fails.
//
//   node test/package/api.js [--write]

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const ROOT = join(import.meta.dirname, '../..');
const REPORTS = join(ROOT, 'etc');
const write = process.argv.includes('--write');

const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const declarations = Object.values(exports).flatMap(({ types }) => (types ? [types] : []));
const entries = declarations.map((file) => basename(file, '.d.ts'));

const { compilerOptions } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8'));
const temporary = mkdtempSync(join(tmpdir(), 'bundleseal-api-'));
mkdirSync(REPORTS, { recursive: true });

/** Whether the committed report says what the declarations say. */
function extract(entry) {
  const mainEntryPointFilePath = join(ROOT, `dist/${entry}.d.ts`);
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: join(ROOT, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: ROOT,
      newlineKind: 'lf',
      mainEntryPointFilePath,
      compiler: { overrideTsconfig: { compilerOptions, files: [mainEntryPointFilePath] } },
      apiReport: {
        enabled: true,
        reportFileName: entry,
        reportFolder: REPORTS,
        reportTempFolder: temporary,
        // A change of the parts of an exported type can break its users as well.
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        // Only the report is used; this project has no convention for release tags.
        extractorMessageReporting: { default: { logLevel: 'none' } },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  });
  let errors = 0;
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: write,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel !== 'error') return;
      errors++;
      console.log(`${entry}: ${message.text}`);
    },
  });
  return errors === 0 && (write || !apiReportChanged);
}

try {
  const changed = entries.filter((entry) => !extract(entry));
  const strangers = readdirSync(REPORTS).filter((file) => !entries.includes(file.split('.')[0]));
  for (const entry of changed) {
    console.log(`etc/${entry}.api.md does not say what dist/${entry}.d.ts says`);
    if (
      existsSync(join(temporary, `${entry}.api.md`)) &&
      existsSync(join(REPORTS, `${entry}.api.md`))
    ) {
      const lines = (file) => readFileSync(file, 'utf8').split('\n');
      const before = lines(join(REPORTS, `${entry}.api.md`));
      const after = lines(join(temporary, `${entry}.api.md`));
      for (const line of before) if (!after.includes(line)) console.log(`  - ${line}`);
      for (const line of after) if (!before.includes(line)) console.log(`  + ${line}`);
    }
  }
  for (const file of strangers) console.log(`etc/${file} is no entry's report`);
  if (changed.length + strangers.length > 0) {
    console.log('Is the change meant? npm run update:api, and commit etc/ with it.');
    process.exitCode = 1;
  } else console.log(`the API of ${entries.length} entries is as reported in etc/`);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

// Writes what each entry point of the package exports, with its types, to api/*.api.md. With --check nothing is written,
// and a difference fails: a change of the public surface shows in the review, or not at all.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
const silent = { default: { logLevel: ExtractorLogLevel.None } };

/** @param {string} entry */
function report(entry) {
  const extractorConfig = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, 'dist', entry, 'index.d.ts'),
      compiler: { tsconfigFilePath: join(root, 'tsconfig.json') },
      apiReport: {
        enabled: true,
        reportFileName: `${entry}.api.md`,
        reportFolder: join(root, 'api'),
        reportTempFolder: join(root, 'node_modules/.cache/longtake/api'),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: { compilerMessageReporting: silent, extractorMessageReporting: silent, tsdocMessageReporting: silent },
    },
  });
  const { succeeded, apiReportChanged } = Extractor.invoke(extractorConfig, {
    localBuild: !check,
    messageCallback: (message) => {
      message.logLevel = ExtractorLogLevel.None;
    },
  });
  if (check && (apiReportChanged || !succeeded)) {
    console.error(`api/${entry}.api.md does not say what is exported now. If the change is meant: npm run api`);
    process.exitCode = 1;
  }
}

for (const entry of ['client', 'contract', 'worker']) report(entry);

// Metro's resolver, with package exports as React Native sets it up: every import that an app reaches has to be
// found, and none may be a module of Node's.

import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { resolve } from 'metro-resolver';

const IMPORT = /^(?:import|export)\b[^'"]*from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm;

function contextOf(app, originModulePath) {
  const packageOf = (file) => {
    for (let folder = file; ; folder = dirname(folder)) {
      const path = join(folder, 'package.json');
      if (existsSync(path)) {
        return {
          rootPath: folder,
          packageRelativePath: file.slice(folder.length + 1),
          packageJson: JSON.parse(readFileSync(path, 'utf8')),
        };
      }
      if (folder === dirname(folder)) return null;
    }
  };
  return {
    allowHaste: false,
    assetExts: new Set(),
    sourceExts: ['js', 'json'],
    customResolverOptions: {},
    disableHierarchicalLookup: false,
    doesFileExist: (path) => existsSync(path) && lstatSync(path).isFile(),
    extraNodeModules: {},
    dev: false,
    fileSystemLookup(path) {
      if (!existsSync(path)) return { exists: false };
      return { exists: true, type: lstatSync(path).isFile() ? 'f' : 'd', realPath: path };
    },
    getPackage: (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null),
    getPackageForModule: packageOf,
    mainFields: ['react-native', 'browser', 'main'],
    nodeModulesPaths: [join(app, 'node_modules')],
    originModulePath,
    preferNativePlatform: true,
    redirectModulePath: (path) => path,
    resolveAsset: () => undefined,
    resolveHasteModule: () => undefined,
    resolveHastePackage: () => undefined,
    resolveRequest: undefined,
    unstable_conditionNames: ['require', 'import', 'react-native'],
    unstable_conditionsByPlatform: {},
    unstable_enablePackageExports: true,
    unstable_incrementalResolution: false,
    unstable_logWarning(message) {
      throw new Error(`Metro warns: ${message}`);
    },
  };
}

/** @param {string} app @param {string} specifier @returns {number} files that were found. */
export function resolveAll(app, specifier) {
  const start = join(app, 'index.js');
  const files = new Set();
  const visit = (origin, wanted) => {
    if (wanted.startsWith('node:')) throw new Error(`${origin} imports ${wanted}`);
    const found = resolve(contextOf(app, origin), wanted, 'ios');
    if (found.type !== 'sourceFile') throw new Error(`${wanted} is found as ${found.type}`);
    if (files.has(found.filePath)) return;
    files.add(found.filePath);
    for (const [, ...next] of readFileSync(found.filePath, 'utf8').matchAll(IMPORT)) {
      visit(
        found.filePath,
        next.find((one) => one !== undefined),
      );
    }
  };
  visit(start, specifier);
  return files.size;
}

import { join } from 'node:path';
import { folderBuiltIn, folderStore } from 'bundleseal/node';
import { createUpdater } from 'bundleseal/update';
import { publicKeys } from './bundleseal-key.js';

/** @param {string} app @param {string} data */
export const openUpdater = (app, data) =>
  createUpdater({
    store: process.env['UPDATES'] ?? 'https://updates.example.com/app/',
    channel: 'production',
    appId: 'com.example.app',
    publicKey: publicKeys,
    releases: folderStore(join(data, 'updates')),
    builtIn: folderBuiltIn(join(app, 'dist')),
  });

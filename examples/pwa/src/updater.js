import { cacheStore, createUpdater, fetchBuiltIn } from 'bundleseal/update';
import { publicKeys } from './bundleseal-key.js';

export const updater = createUpdater({
  store: '/updates/',
  channel: 'production',
  appId: 'com.example.app',
  publicKey: publicKeys,
  releases: cacheStore(),
  builtIn: fetchBuiltIn({ base: '/', isRemote: true }),
});

import { WebView } from '@capacitor/core';
import { Directory, Filesystem } from '@capacitor/filesystem';
import { capacitorStore, createUpdater } from 'bundleseal/update';
import { publicKeys } from './bundleseal-key.js';

export const releases = capacitorStore({ Filesystem, Directory, WebView });

export const updater = createUpdater({
  store: 'https://updates.example.com/app/',
  channel: 'production',
  appId: 'com.example.app',
  publicKey: publicKeys,
  runtime: '1',
  releases,
  builtIn: releases.builtIn,
});

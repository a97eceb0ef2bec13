import { serveReleases } from 'bundleseal/update';
import { updater } from './updater.js';

serveReleases(self, updater, { fallback: 'index.html' });

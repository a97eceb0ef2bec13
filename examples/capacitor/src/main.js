import { showApp } from './app.js';
import { releases, updater } from './updater.js';

const id = await releases.boot(updater);
showApp();
await updater.confirm(id);
await updater.update().catch(console.error);

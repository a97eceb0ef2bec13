import { showApp } from './app.js';
import { releases, updater } from './updater.js';

const id = await releases.boot(updater);
showApp();
await updater
  .confirm(id)
  .then(() => updater.update())
  .catch(console.error);

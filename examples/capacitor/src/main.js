import { waitForFirstScreen } from 'bundleseal/update';
import { showApp } from './app.js';
import { releases, updater } from './updater.js';

const id = await releases.boot(updater);
showApp();
waitForFirstScreen()
  .then((isShown) => isShown && updater.confirm(id))
  .catch(console.error);
await updater.update().catch(console.error);

// This module comes first, because it listens for errors of the others.
import { keepUpToDate } from './update.js';

import { showApp } from './app.js';

showApp();
lookForUpdate();
setInterval(lookForUpdate, 3_600_000); // a tab may stay open for days

async function lookForUpdate() {
  const isReady = await keepUpToDate().catch(console.error);
  if (!isReady) return;
  const button = document.querySelector('button');
  button.hidden = false;
  button.onclick = () => location.reload();
}

// This module comes first, because it listens for errors of the others.
import { keepUpToDate } from './update.js';

import { showApp } from './app.js';

showApp();
if (await keepUpToDate().catch(console.error)) {
  const button = document.querySelector('button');
  button.hidden = false;
  button.onclick = () => location.reload();
}

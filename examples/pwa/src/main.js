// This module comes first, because it listens for errors of the others.
import { keepUpToDate } from './update.js';

import { showApp } from './app.js';

showApp();
keepUpToDate().then((isReady) => {
  if (!isReady) return;
  const button = document.querySelector('button');
  button.hidden = false;
  button.onclick = () => location.reload();
}, console.error);

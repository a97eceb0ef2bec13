import { showApp } from './app.js';
import { keepUpToDate } from './update.js';

showApp();
if (await keepUpToDate().catch(console.error)) {
  const button = document.querySelector('button');
  button.hidden = false;
  button.onclick = () => location.reload();
}

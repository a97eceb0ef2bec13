const running = async () => (await (await fetch('/bundleseal-release.json')).json()).id;

const id = await running();
document.querySelector('main').textContent = 'version 1';
await fetch('/works', { method: 'POST', body: id });

// On a kiosk no user reloads the page.
setInterval(async () => {
  if ((await running()) !== id) location.reload();
}, 10_000);

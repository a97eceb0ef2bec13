// On a kiosk no user reloads the page. This script also runs if app.js throws.
const running = async () => (await (await fetch('/bundleseal-release.json')).json()).id;

const id = await running();
setInterval(async () => {
  if ((await running()) !== id) location.reload();
}, 10_000);

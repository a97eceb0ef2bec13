document.querySelector('main').textContent = 'version 1';

const { id } = await (await fetch('/bundleseal-release.json')).json();
await fetch('/works', { method: 'POST', body: id });

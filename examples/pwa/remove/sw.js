self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(remove()));

async function remove() {
  await self.registration.unregister();
  for (const page of await self.clients.matchAll({ type: 'window' })) page.navigate(page.url);
  for (const name of await caches.keys()) {
    if (name === 'bundleseal' || name.startsWith('bundleseal ')) await caches.delete(name);
  }
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(remove()));

async function remove() {
  await self.registration.unregister();
  for (const page of await self.clients.matchAll({ type: 'window' })) page.navigate(page.url);
  await removeCaches();
  // A page that was about to look for an update may have made a cache again before it was left.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await removeCaches();
}

async function removeCaches() {
  for (const name of await caches.keys()) {
    if (name === 'bundleseal' || name.startsWith('bundleseal ')) await caches.delete(name);
  }
}

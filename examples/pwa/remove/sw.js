self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(remove()));

async function remove() {
  // This comes first, because Chromium ends an unregistered worker as soon as no page uses it.
  await removeCaches();
  await self.registration.unregister();
  const pages = await self.clients.matchAll({ type: 'window' });
  await Promise.all(pages.map(reload));
  // A page that was about to look for an update may have made a cache again before it was left.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await removeCaches();
}

/** Leaves a page as it is if the web server answers its address with an error, or does not answer. */
async function reload(page) {
  try {
    const answer = await fetch(page.url, { headers: { Accept: 'text/html' }, cache: 'no-cache' });
    await answer.text(); // A browser shows a request as failed if nobody reads its body.
    if (answer.ok) page.navigate(page.url).catch(console.error);
  } catch (error) {
    console.warn(error);
  }
}

async function removeCaches() {
  for (const name of await caches.keys()) {
    if (name === 'bundleseal' || name.startsWith('bundleseal ')) await caches.delete(name);
  }
}

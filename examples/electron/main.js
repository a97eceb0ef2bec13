import { createReleaseHandler } from 'bundleseal/update';
import { app, BrowserWindow, protocol } from 'electron';
import { openUpdater } from './updater.js';

const privileges = { standard: true, secure: true, supportFetchAPI: true };
protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges }]);

await app.whenReady();
const updater = openUpdater(app.getAppPath(), app.getPath('userData'));
const handle = createReleaseHandler(updater, { fallback: 'index.html' });

protocol.handle('app', async (request) => {
  if (request.method === 'POST' && request.url === 'app://example/works') {
    return Response.json(await updater.confirm(await request.text()));
  }
  return (await handle(request)) ?? new Response('not found', { status: 404 });
});
await new BrowserWindow().loadURL('app://example/');

const update = () => updater.update().catch(console.error);
setInterval(update, 3_600_000);
await update();

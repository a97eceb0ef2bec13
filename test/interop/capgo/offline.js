// Loaded before Capgo's command line: nothing it does may depend on a server.

import { Socket } from 'node:net';

Socket.prototype.connect = function connect() {
  // Waits a moment, because the client does not listen yet.
  setImmediate(() => this.destroy(new Error('offline')));
  return this;
};

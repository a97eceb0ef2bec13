// Loaded before Capgo's command line: nothing it does may depend on a server.

import { Socket } from 'node:net';

Socket.prototype.connect = function connect() {
  // Not at once: whoever connects has yet to listen.
  setImmediate(() => this.destroy(new Error('offline')));
  return this;
};

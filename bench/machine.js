// @ts-check Describes the machine without names and paths.

import { arch, cpus, loadavg, platform, totalmem } from 'node:os';

export function describeMachine() {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()} ${arch()}`,
    node: process.version,
    openssl: process.versions.openssl,
    v8: process.versions.v8,
    loadAverage: loadAverage(),
  };
}

export function loadAverage() {
  return loadavg().map((load) => Math.round(load * 100) / 100);
}

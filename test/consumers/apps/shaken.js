import { inspectBundle } from 'bundleseal';

try {
  inspectBundle(new Uint8Array(100));
} catch {
  console.log('WORKS');
}

// An S3 server for the commands of the guide: s3rver, and in front of it the conditional writes that s3rver lacks.
//
//   node test/stores/s3-server.js FOLDER
//
// Prints its port as the first line, and then the path of each object that was written.

import S3rver from '@20minutes/s3rver';

const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory: process.argv[2],
});

/** The conditional writes take turns, so that nothing is written between the check of one and its write. */
let last = Promise.resolve();

async function writeIf(context, next) {
  const ifMatch = context.get('if-match');
  const ifNoneMatch = context.get('if-none-match');
  const [, bucket, key] = /^\/([^/]+)\/(.+)$/.exec(context.path);
  const found = await server.store.getObject(bucket, key);
  found?.content.destroy();
  if (ifMatch !== '' && found === null) return refuse(context, 404, 'NoSuchKey');
  const isMet =
    (ifMatch === '' || ifMatch === found.metadata.etag) && (ifNoneMatch !== '*' || found === null);
  if (!isMet) return refuse(context, 412, 'PreconditionFailed');
  await next();
}

function refuse(context, status, code) {
  context.req.resume();
  context.status = status;
  context.type = 'application/xml';
  context.body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
}

server.middleware.unshift(async (context, next) => {
  if (context.method !== 'PUT') return next();
  const isConditional = context.get('if-match') !== '' || context.get('if-none-match') !== '';
  const written = isConditional ? last.then(() => writeIf(context, next)) : next();
  if (isConditional) last = written.catch(() => {});
  await written;
  if (context.status === 200) console.log(context.path);
});

const { port } = await server.run();
console.log(port);

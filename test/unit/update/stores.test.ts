import { describe, it } from 'vitest';
import { memoryStore } from '../../../src/update.ts';
import { storeTests } from '../../../src/update-testing.ts';

describe('memoryStore', () => {
  it.each(storeTests({ create: () => memoryStore(), reopen: (store) => store }))(
    '$name',
    ({ run }) => run(),
  );
});

export { type StorePlaces, type StoreTest, storeTests } from './update/store-tests.ts';

import fc from 'fast-check';

// The same cases in every run, so that its result is the same.
fc.configureGlobal({ seed: 2 });

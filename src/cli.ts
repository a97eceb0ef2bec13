#!/usr/bin/env node
import { guardProcess, main } from './cli/program.ts';

const argv = process.argv.slice(2);
guardProcess(argv);
await main(argv);

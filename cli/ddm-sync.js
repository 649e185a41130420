#!/usr/bin/env node
// Runs on any Node with ES modules, until it has checked which one this is.
import '../scripts/check-node.js';

await import('./main.ts');

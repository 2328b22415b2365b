import { build, ensureBuilt, ensureInstalled } from './bootstrap.mjs';

ensureInstalled();
if (process.argv.includes('--if-changed')) ensureBuilt();
else build();

// Runs the journeys, two at a time: node run.mjs [part of a name]...
// Closes with `browser: N passed, N failed` and an exit code to match.

import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { startCauseway } from './causeway.mjs';
import { Journey, startBrowser } from './lib.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ENDING = '.journey.mjs';
const JOURNEY_WITHIN_MS = 600_000;
/** Journeys at one time: each has a server and windows of its own. */
const SIDE_BY_SIDE = 2;
/** The ones that take longest begin first. */
const LONG = ['crawl', 'crawl-desk'];

const wanted = process.argv.slice(2);
const names = (await readdir(HERE))
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort((a, b) => LONG.includes(b) - LONG.includes(a) || a.localeCompare(b));

let passed = 0;
let failed = 0;
const browser = names.length > 0 ? await startBrowser() : null;
const waiting = [...names];
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
await browser?.close();
console.log(`browser: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function work() {
  while (waiting.length > 0) {
    if (await runs(waiting.shift())) passed += 1;
    else failed += 1;
  }
}

async function runs(name) {
  const start = Date.now();
  let causeway = null;
  let journey = null;
  let error = null;
  try {
    const { default: walk } = await import(`./${name}${ENDING}`);
    causeway = await startCauseway(name);
    journey = new Journey(name, browser, causeway.base);
    await within(JOURNEY_WITHIN_MS, walk(journey));
  } catch (caught) {
    error = caught;
  }
  const complaints = [...(journey?.complaints ?? [])];
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  if (error || complaints.length > 0) {
    console.log(`FAILED ${name} (${seconds} s)`);
    for (const [what, where] of complaints) console.log(`  ${what}\n    first seen: ${where}`);
  } else {
    console.log(`ok     ${name} (${seconds} s, ${journey.looks} close looks)`);
  }
  if (error) {
    console.log(error.stack ?? error);
    if (causeway) console.log(`last lines of ${causeway.logFile}:\n${await causeway.lastLines()}`);
  }
  await journey?.end({ failed: error !== null });
  await causeway?.stop();
  return error === null && complaints.length === 0;
}

async function within(limit, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limit} ms`)), limit);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

// Draws the picture of the README: node screenshot.mjs

import { fileURLToPath } from 'node:url';

import { startCauseway } from './causeway.mjs';
import { startBrowser } from './lib.mjs';

const PICTURE = fileURLToPath(new URL('../../docs/screenshot.png', import.meta.url));

const causeway = await startCauseway('screenshot');
const browser = await startBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(`${causeway.base}/en`);
  await page.screenshot({ path: PICTURE });
} finally {
  await browser.close();
  await causeway.stop();
}

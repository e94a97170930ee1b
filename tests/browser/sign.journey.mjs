// A resident signs a PDF of their own with the phone, with and without scripts, and somebody else checks
// the file; then a changed copy of it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { PHONE } from './lib.mjs';
import { approve, signIn } from './steps.mjs';

const PERSON = 'cheung-ka-yan';
const BROUGHT = fileURLToPath(
  new URL('../../crates/paper/src/samples/table.pdf', import.meta.url),
);

export default async function signADocument(journey) {
  const inspector = await journey.person('inspector', { size: PHONE });
  for (const [lang, script] of [['en', true], ['tc', false]]) {
    const who = `resident in ${lang}`;
    const resident = await journey.person(who, { script });
    const phone = await journey.person(`phone of ${who}`, { size: PHONE, script });
    const file = await sign(journey, resident, phone, lang);
    await check(journey, inspector.page, lang, file, 'verdict-green');
    const changed = Buffer.from(file);
    changed[changed.indexOf('tenancy')] ^= 0x20;
    await check(journey, inspector.page, lang, changed, 'verdict-red');
    await check(journey, inspector.page, lang, await readFile(BROUGHT), null);
  }
}

/** Brings the file, sees it, approves it on the phone; gives the signed bytes. */
async function sign(journey, resident, phone, lang) {
  const { page } = resident;
  await signIn(journey, resident, phone, PERSON, `/${lang}/sign`);
  await page.locator('#document').setInputFiles(BROUGHT);
  await journey.press(page, page.locator('main form button').first());
  assert.match(page.url(), /\/sign\/[^/]+$/);
  const seen = await page.request.get(`${page.url()}/file`);
  const brought = await readFile(BROUGHT);
  assert.ok(brought.equals(await seen.body()), 'what is shown is not what was brought');
  await journey.press(page, page.locator('main form button').first());
  assert.ok((await page.locator('main').innerText()).includes('table.pdf'), 'the name is missing');
  await approve(journey, page, phone.page, PERSON);
  await journey.picture(page, `signed-${lang}`);
  const answer = await page.request.get(`${page.url().split('?')[0]}/signed`);
  assert.equal(answer.status(), 200);
  const file = await answer.body();
  assert.ok(file.subarray(0, brought.length).equals(brought), 'the document was changed');
  return file;
}

/** Has a file checked, and expects one verdict or none. */
async function check(journey, page, lang, buffer, verdict) {
  await journey.visit(page, `/${lang}/verify/document`);
  const upload = { name: 'letter.pdf', mimeType: 'application/pdf', buffer };
  await page.locator('#document').setInputFiles(upload);
  await journey.press(page, page.locator('main form button').first());
  assert.equal(await page.locator('.verdict').count(), verdict ? 1 : 0);
  if (verdict) assert.ok(await page.locator(`.${verdict}`).count(), 'another verdict');
}

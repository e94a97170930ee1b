// A resident applies in Chinese, with scripts switched off, by a simulated phone.

import assert from 'node:assert/strict';

import { RENEWAL } from './answers.mjs';
import { PHONE } from './lib.mjs';
import { answerAll, approve, pay, signIn } from './steps.mjs';

const SERVICE = '/tc/services/td-full-driving-licence-renewal';

export default async function applyWithoutScript(journey) {
  const resident = await journey.person('resident', { size: PHONE, script: false, locale: 'zh-HK' });
  const phone = await journey.person('phone', { size: PHONE, script: false, locale: 'zh-HK' });
  const { page } = resident;

  await signIn(journey, resident, phone, 'cheung-ka-yan', `/tc/sign-in?next=${SERVICE}`);
  assert.equal(new URL(page.url()).pathname, SERVICE);

  await journey.press(page, page.locator('form[action$="/start"] button').first());
  if (new URL(page.url()).pathname.endsWith('/known')) {
    await journey.press(page, page.locator('button[name=fill][value=yes]'));
  }
  await answerAll(journey, page, RENEWAL);
  await journey.picture(page, 'check');

  await journey.press(page, page.locator('form#form button.btn-primary'));
  await pay(journey, page);
  await journey.press(page, page.locator('main a.btn-primary'));
  await journey.press(page, page.locator('form#form button.btn-primary'));
  await approve(journey, page, phone.page, 'cheung-ka-yan');

  assert.match(new URL(page.url()).pathname, /^\/tc\/applications\/[^/]+\/done$/);
  const reference = (await page.locator('.reference').textContent()).trim();
  assert.ok(reference, 'there is no reference number');
  await journey.picture(page, 'done');
}

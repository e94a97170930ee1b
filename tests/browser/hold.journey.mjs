// A resident renews a driving licence with a real phone, shows it to inspectors with and without a
// network and without scripts, loses the phone, and carries the licence on another.

import assert from 'node:assert/strict';

import { RENEWAL } from './answers.mjs';
import { PHONE } from './lib.mjs';
import { answerOnPhone, enrol, wentOn } from './phone.mjs';
import { act, apply, openCase, signIn } from './steps.mjs';

const SERVICE = 'td-full-driving-licence-renewal';
const NAME = 'KWAN Sum Yi';
const DAY_MS = 86_400_000;
// Ended last week, so that the renewed licence is in force from today.
const LATE = { ...RENEWAL, expiry: { date: new Date(Date.now() - 7 * DAY_MS).toISOString().slice(0, 10) } };

export default async function holdALicence(journey) {
  const resident = await journey.person('resident');
  const phone = await journey.person('phone', { size: PHONE });
  await enrol(journey, phone.page, NAME);
  await renew(journey, resident.page, phone.page);

  await collect(journey, phone.page);
  const inspector = await journey.person('inspector', { size: PHONE });
  await journey.visit(inspector.page, '/en/verify');
  await ready(inspector.page);
  await checks(journey, inspector.page, await codeOn(phone.page), 'valid');
  await journey.picture(phone.page, 'code');
  await scans(inspector.page, phone.page);
  await journey.picture(inspector.page, 'genuine');

  await withoutNetwork(journey, inspector, phone.page);
  await phoneWithoutNetwork(journey, phone, inspector.page);
  await withoutScript(journey, phone.page);
  await lostPhone(journey, inspector.page, phone.page);
}

async function renew(journey, page, phone) {
  const approve = async () => {
    await answerOnPhone(journey, page, phone);
    await wentOn(journey, page);
  };
  await journey.visit(page, `/en/sign-in?next=/en/services/${SERVICE}`);
  await approve();
  const reference = await apply(journey, page, SERVICE, LATE, approve);
  const officer = await journey.person('officer');
  const deskPhone = await journey.person('desk phone');
  await signIn(journey, officer, deskPhone, 'td-officer', '/en/desk/sign-in');
  await openCase(journey, officer.page, reference);
  await act(journey, officer.page, 'check');
  await act(journey, officer.page, 'approve');
}

/** Fetches the one licence there is and opens it. */
async function collect(journey, page) {
  await page.goto('/app#/licences');
  const button = page.locator('[data-licence] button.btn-primary');
  await button.waitFor();
  await journey.look(page);
  await journey.tap(page, button, page.locator('.licence-code'));
}

async function codeOn(page) {
  const holder = page.locator('.licence-holder');
  await page.locator('.licence-code').waitFor();
  return holder.evaluate((place) => place.dataset.code);
}

/** The page has fetched what it checks against. */
async function ready(page) {
  await page.locator('#data-age:not([hidden])').waitFor();
}

async function checks(journey, page, code, outcome) {
  await page.locator('#code').fill(code);
  await page.locator('#verify-form button.btn-primary').click();
  const verdict = page.locator(`[data-outcome=${outcome}]`);
  await verdict.waitFor();
  await journey.look(page);
  return verdict.innerText();
}

/** The picture on the phone's screen is read as a camera would read it. */
async function scans(page, phone) {
  const buffer = await phone.locator('.licence-code').screenshot({ scale: 'device' });
  await page.locator('#verdict').evaluate((place) => place.replaceChildren());
  await page.locator('#picture').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer });
  await page.locator('[data-outcome=valid]').waitFor();
}

async function withoutNetwork(journey, inspector, phone) {
  const { page, context } = inspector;
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(async () => {
    const cache = await caches.open('causeway-verify-1');
    return (await cache.keys()).length > 8;
  });
  await context.setOffline(true);
  page.expectsErrors = true;
  await page.reload();
  await ready(page);
  const words = await checks(journey, page, await codeOn(phone), 'valid');
  assert.match(words, /KWAN Sum Yi/i);
  const code = await codeOn(phone);
  const at = code.length - 40;
  const changed = code.slice(0, at) + (code[at] === '0' ? '1' : '0') + code.slice(at + 1);
  await page.locator('#code').fill(changed);
  await page.locator('#verify-form button.btn-primary').click();
  await page.locator('.verdict-red').waitFor();
  await context.setOffline(false);
  page.expectsErrors = false;
}

/** A kept licence opens and is signed without a network. */
async function phoneWithoutNetwork(journey, phone, inspector) {
  const { page, context } = phone;
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  page.expectsErrors = true;
  await page.goto('/app#/licences');
  await page.reload();
  const button = page.locator('[data-licence] button.btn-primary');
  await journey.tap(page, button, page.locator('.licence-code'));
  await checks(journey, inspector, await codeOn(page), 'valid');
  await context.setOffline(false);
  page.expectsErrors = false;
}

async function withoutScript(journey, phone) {
  const { page } = await journey.person('inspector without scripts', { script: false, locale: 'zh-HK' });
  await journey.visit(page, '/tc/verify');
  await page.locator('#code').fill(await codeOn(phone));
  await journey.press(page, page.locator('#verify-form button.btn-primary'));
  assert.equal(await page.locator('.verdict-green').count(), 1, await page.locator('main').innerText());
  await page.locator('#code').fill('CW2:NOT A LICENCE');
  await journey.press(page, page.locator('#verify-form button.btn-primary'));
  assert.equal(await page.locator('.verdict-red').count(), 1);
}

/** Setting up another phone ends the copy on the lost one; the licence moves in one minute. */
async function lostPhone(journey, inspector, lost) {
  const fresh = await journey.person('new phone', { size: PHONE });
  await enrol(journey, fresh.page, NAME);
  await collect(journey, fresh.page);
  await journey.visit(inspector, '/en/verify');
  await ready(inspector);
  await checks(journey, inspector, await codeOn(fresh.page), 'valid');
  await checks(journey, inspector, await codeOn(lost), 'credential_revoked');
  await journey.picture(inspector, 'revoked');
}

// Somebody without a Hong Kong identity card: an officer without scripts records the passport by keyboard, a
// supervisor looks again, and the phone of the visitor is bound by number and code. In two languages.

import assert from 'node:assert/strict';

import { DESKTOP, PHONE } from './lib.mjs';
import { signIn } from './steps.mjs';

const TYPED = {
  name_en: 'SPECIMEN ANGELA',
  'born-day': '29',
  'born-month': '2',
  'born-year': '1980',
  'expires-day': '31',
  'expires-month': '3',
  'expires-year': '2031',
  email: 'angela@example.com',
  reason: 'Passport and face compared at the Wan Chai counter',
};

export default async function guest(journey) {
  for (const [lang, size, number] of [
    ['en', DESKTOP, '990000017'],
    ['tc', PHONE, '990000025'],
  ]) {
    const officer = await journey.person(`officer in ${lang}`, { size, script: false });
    const supervisor = await journey.person(`supervisor in ${lang}`, { size });
    const simulated = await journey.person(`simulated phone in ${lang}`);
    const path = await record(journey, officer, simulated, { lang, number });
    const code = await agree(journey, supervisor, simulated, { lang, path });
    await enrol(journey, { lang, number, code });
    await known(journey, officer, { lang, number });
  }
}

async function record(journey, officer, simulated, { lang, number }) {
  const { page } = officer;
  await signIn(journey, officer, simulated, 'dpo-officer', `/${lang}/desk/sign-in`);
  await journey.visit(page, `/${lang}/desk/counter`);
  await journey.picture(page, `${lang}-list`);
  await journey.press(page, page.locator('main .page-actions a').first());
  page.expectsErrors = true;
  await journey.press(page, page.locator('main form button.btn-primary'));
  page.expectsErrors = false;
  assert.ok((await page.locator('.errors li').count()) > 5, 'what is missing is said');
  await journey.picture(page, `${lang}-form`);

  await page.locator('select[name=country]').focus();
  await page.keyboard.type('United Kingdom');
  await page.locator('select[name=country]').selectOption('GBR');
  await page.keyboard.press('Tab');
  await page.keyboard.type(number);
  for (const [name, value] of Object.entries(TYPED)) {
    await page.locator(`[name="${name}"]`).fill(value);
  }
  await page.locator('input[name=sex][value=F]').check();
  await page.locator('[name=reason]').focus();
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('Enter')]);
  await journey.look(page);
  const words = await page.locator('main').innerText();
  assert.ok(words.includes(number), 'the second look shows the number');
  assert.equal(await page.locator('input[name=do][value=agree]').count(), 0);
  await journey.picture(page, `${lang}-own`);
  return new URL(page.url()).pathname;
}

async function agree(journey, supervisor, simulated, { lang, path }) {
  const { page } = supervisor;
  await signIn(journey, supervisor, simulated, 'dpo-supervisor', `/${lang}/desk/sign-in`);
  await journey.visit(page, `/${lang}/desk/counter`);
  await journey.press(page, page.locator(`main a[href="${path}"]`));
  await journey.picture(page, `${lang}-look`);
  await journey.press(page, page.locator('form:has(input[name=do][value=agree]) button'));
  await journey.picture(page, `${lang}-code`);
  return (await page.locator('.reference').textContent()).trim();
}

async function enrol(journey, { lang, number, code }) {
  const phone = await journey.person(`visitor in ${lang}`, { size: PHONE });
  const { page } = phone;
  await journey.visit(page, `/app?lang=${lang}`);
  await page.locator('form#enrol').waitFor();
  await journey.look(page);
  await journey.picture(page, `${lang}-phone-start`);
  const other = page.locator('main p > button.as-link').first();
  await journey.tap(page, other, page.locator('input[name=code]'));
  await page.locator('input[name=passport]').fill(number);
  await page.locator('input[name=code]').fill('K7QM-2XPA');
  page.expectsErrors = true;
  await journey.tap(page, page.locator('form#enrol button.btn-primary'), page.locator('.errors'));
  page.expectsErrors = false;
  await journey.picture(page, `${lang}-phone-refused`);
  await page.locator('input[name=code]').fill(code.toLowerCase());
  const welcomed = page.locator('h1', { hasText: 'SPECIMEN ANGELA' });
  await journey.tap(page, page.locator('form#enrol button.btn-primary'), welcomed);
  await journey.tap(page, page.locator('main button.btn-primary'), page.locator('#waiting'));
  await page.goto(`/app?lang=${lang}#/more`);
  await page.locator('dl.summary').waitFor();
  await journey.look(page);
  assert.match(await page.locator('main').innerText(), /990\*{6}/);
  await journey.picture(page, `${lang}-phone-more`);
}

async function known(journey, { page }, { lang, number }) {
  await journey.visit(page, `/${lang}/desk/accounts`);
  await journey.picture(page, `${lang}-find`);
  await page.locator('[name=hkid]').fill(number);
  await page.locator('select[name=country]').selectOption('GBR');
  await page.locator('[name=reason]').fill('Asked at the counter');
  await journey.press(page, page.locator('main form button.btn-primary'));
  await journey.picture(page, `${lang}-account`);
  await journey.press(page, page.locator('main a[href$="/passport"]'));
  await journey.picture(page, `${lang}-renew`);
}

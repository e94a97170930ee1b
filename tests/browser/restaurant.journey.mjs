// A company applies for a restaurant licence, with plans and papers.

import assert from 'node:assert/strict';

import { RESTAURANT } from './answers.mjs';
import { apply, approve, disguised, openCase, signIn } from './steps.mjs';

const SERVICE = 'fehd-restaurant-licence';
const KEY = 'ng-chi-ming';

export default async function applyForARestaurant(journey) {
  const owner = await journey.person('owner');
  const phone = await journey.person('phone');
  const officer = await journey.person('officer');
  const { page } = owner;

  await signIn(journey, owner, phone, KEY, `/en/sign-in?next=/en/services/${SERVICE}`);
  await journey.visit(page, `/en/acting?next=/en/services/${SERVICE}`);
  await page.locator('input[name=company]:not([value=""])').first().check();
  await journey.press(page, page.locator('main form#form button.btn-primary'));

  await refusesAProgram(journey, page);
  // A company signs in two steps: in person, then by its chop.
  const sign = async () => {
    await approve(journey, page, phone.page, KEY);
    await journey.press(page, page.locator('main form#form button.btn-primary'));
    await approve(journey, page, phone.page, KEY);
  };
  const reference = await apply(journey, page, SERVICE, RESTAURANT, sign);

  await signIn(journey, officer, phone, 'fehd-officer', '/en/desk/sign-in');
  await openCase(journey, officer.page, reference);
  const names = await officer.page.locator('main .tasks').innerText();
  for (const name of ['layout.pdf', 'no-works.pdf', 'business-registration.pdf']) {
    assert.ok(names.includes(name), `the officer does not see ${name}`);
  }
  await journey.picture(officer.page, 'case');
}

/** A program that calls itself a picture is refused where it is uploaded, in words. */
async function refusesAProgram(journey, page) {
  const service = page.url();
  await journey.press(page, page.locator('main form[action$="/start"] button').first());
  await journey.press(page, page.locator('button[name=fill][value=yes]'));
  const draft = new URL(page.url()).pathname.split('/').slice(0, 4).join('/');
  await journey.visit(page, `${draft}/pages/plans`);
  await page.locator('input[type=file][name=br]').setInputFiles(disguised('certificate.png'));
  page.expectsErrors = true;
  await journey.press(page, page.locator('button[name=upload][value=br]'));
  page.expectsErrors = false;
  assert.ok(await page.locator('#br-error, .errors').count(), 'a disguised program was accepted');
  assert.equal(await page.locator('#br .file-name').count(), 0);
  await journey.visit(page, new URL(service).pathname);
}

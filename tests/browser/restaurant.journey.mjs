// A company applies for a restaurant licence, with plans and papers.

import assert from 'node:assert/strict';

import { RESTAURANT } from './answers.mjs';
import { answerAll, approve, disguised, pay, signIn } from './steps.mjs';

const SERVICE = '/en/services/fehd-restaurant-licence';

export default async function applyForARestaurant(journey) {
  const owner = await journey.person('owner');
  const phone = await journey.person('phone');
  const { page } = owner;

  await signIn(journey, owner, phone, 'ng-chi-ming', `/en/sign-in?next=${SERVICE}`);
  await journey.visit(page, `/en/acting?next=${SERVICE}`);
  await page.locator('input[name=company]:not([value=""])').first().check();
  await journey.press(page, page.locator('form#form button.btn-primary'));
  if (new URL(page.url()).pathname !== SERVICE) await journey.visit(page, SERVICE);

  await journey.press(page, page.locator('form[action$="/start"] button').first());
  if (new URL(page.url()).pathname.endsWith('/known')) {
    await journey.press(page, page.locator('button[name=fill][value=yes]'));
  }
  await refusesAProgram(journey, page);
  await answerAll(journey, page, RESTAURANT);
  await journey.picture(page, 'check');

  await journey.press(page, page.locator('form#form button.btn-primary'));
  await pay(journey, page);
  await journey.press(page, page.locator('main a.btn-primary'));
  await journey.press(page, page.locator('form#form button.btn-primary'));
  await approve(journey, page, phone.page, 'ng-chi-ming');
  assert.match(new URL(page.url()).pathname, /^\/en\/applications\/[^/]+\/done$/);
}

/** A program that calls itself a picture is refused where it is uploaded, in words. */
async function refusesAProgram(journey, page) {
  const draft = new URL(page.url()).pathname.split('/').slice(0, 4).join('/');
  const answering = page.url();
  await journey.visit(page, `${draft}/pages/plans`);
  await page.locator('input[type=file][name=br]').setInputFiles(disguised('certificate.png'));
  await journey.press(page, page.locator('button[name=upload][value=br]'));
  assert.ok(await page.locator('#br-error, .errors').count(), 'a disguised program was accepted');
  assert.equal(await page.locator('#br .file-name').count(), 0);
  await journey.visit(page, answering);
}

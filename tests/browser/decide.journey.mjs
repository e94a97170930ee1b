// Officers decide: one asks the applicant, who replies; then two refuse, each with their own eyes.

import assert from 'node:assert/strict';

import { RENEWAL } from './answers.mjs';
import { act, answerPage, apply, approve, openCase, signIn } from './steps.mjs';

const SERVICE = 'td-full-driving-licence-renewal';
const KEY = 'cheung-ka-yan';

export default async function decide(journey) {
  const resident = await journey.person('resident');
  const phone = await journey.person('phone');
  const officer = await journey.person('officer');
  const supervisor = await journey.person('supervisor');

  await signIn(journey, resident, phone, KEY, `/en/sign-in?next=/en/services/${SERVICE}`);
  const sign = () => approve(journey, resident.page, phone.page, KEY);
  const reference = await apply(journey, resident.page, SERVICE, RENEWAL, sign);

  await signIn(journey, officer, phone, 'td-officer', '/en/desk/sign-in');
  await openCase(journey, officer.page, reference);
  const ask = { reason: 'Which mobile number reaches you?', field: 'mobile' };
  await act(journey, officer.page, 'ask', ask);

  await reply(journey, resident.page, reference);

  await openCase(journey, officer.page, reference);
  const answers = await officer.page.locator('main').innerText();
  assert.ok(answers.includes('6555 1234') || answers.includes('65551234'), 'the reply is not there');
  const place = new URL(officer.page.url()).pathname;
  await journey.visit(officer.page, `${place}/looks`);
  await journey.picture(officer.page, 'looks');
  await journey.visit(officer.page, place);
  await act(journey, officer.page, 'check');
  await act(journey, officer.page, 'refuse', { reason: 'The record shows a disqualification.' });

  await signIn(journey, supervisor, phone, 'td-supervisor', '/en/desk/sign-in');
  await openCase(journey, supervisor.page, reference);
  await journey.press(supervisor.page, supervisor.page.locator('form[action$="/confirm"] button'));
  await journey.picture(supervisor.page, 'refused');

  await journey.visit(resident.page, '/en/inbox');
  const letter = resident.page.getByRole('link', { name: /refused/i }).first();
  await journey.press(resident.page, letter);
  assert.match(await resident.page.locator('main').innerText(), /disqualification/);
}

/** The applicant follows the case to the question, answers only what was asked, and sends it. */
async function reply(journey, page, reference) {
  await journey.visit(page, '/en/applications');
  await journey.press(page, page.locator('main li', { hasText: reference }).locator('a').first());
  await journey.press(page, page.locator('main a[href*="/reply"]').first());
  await answerPage(journey, page, { mobile: '65551234' });
  await journey.press(page, page.locator('main form button.btn-primary').last());
}

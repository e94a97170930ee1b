// A resident applies in Chinese, with scripts switched off, by a simulated phone.

import assert from 'node:assert/strict';

import { RENEWAL } from './answers.mjs';
import { PHONE } from './lib.mjs';
import { apply, approve, signIn } from './steps.mjs';

const SERVICE = 'td-full-driving-licence-renewal';
const KEY = 'cheung-ka-yan';

export default async function applyWithoutScript(journey) {
  const manner = { size: PHONE, script: false, locale: 'zh-HK' };
  const resident = await journey.person('resident', manner);
  const phone = await journey.person('phone', manner);
  const { page } = resident;

  await signIn(journey, resident, phone, KEY, `/tc/sign-in?next=/tc/services/${SERVICE}`);
  assert.equal(new URL(page.url()).pathname, `/tc/services/${SERVICE}`);
  const sign = () => approve(journey, page, phone.page, KEY);
  const reference = await apply(journey, page, SERVICE, RENEWAL, sign);
  await journey.picture(page, 'done');

  await journey.visit(page, '/tc/applications');
  assert.ok(await page.getByText(reference).count(), `${reference} is not in the list`);
}

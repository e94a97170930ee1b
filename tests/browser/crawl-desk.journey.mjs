// Every page of the desk that links lead to: as an operator, an officer and an owner.

import { crawl } from './crawl.mjs';
import { signIn } from './steps.mjs';

export default async function everyDesk(journey) {
  const phone = await journey.person('phone');
  const operator = await journey.person('operator');
  await signIn(journey, operator, phone, 'operator', '/en/desk/sign-in');
  await crawl(journey, operator.page, '/en/desk/announcements', isDesk);

  const officer = await journey.person('officer');
  await signIn(journey, officer, phone, 'td-officer', '/en/sign-in?next=/en/desk');
  await crawl(journey, officer.page, '/en/desk', isDesk);

  for (const [key, start] of [
    ['td-owner', '/en/desk/packs'],
    ['operator', '/en/desk/overview'],
  ]) {
    const person = await journey.person(key);
    await signIn(journey, person, phone, key, `/en/desk/sign-in?next=${start}`);
    await crawl(journey, person.page, start, isDesk);
    for (const page of PAGES_BY_FORM[key] ?? []) await crawl(journey, person.page, page, nothing);
  }
}

/** Pages that a form leads to, or a link whose query says what it is about. */
const PAGES_BY_FORM = {
  'td-owner': [
    '/en/desk/preview?service=td-full-driving-licence-renewal',
    '/en/desk/packs/publish?service=td-full-driving-licence-renewal',
    '/en/desk/packs/td-full-driving-licence-renewal/changes?from=1&to=1',
  ],
  operator: ['/en/desk/audit?noun=person&id=somebody', '/en/desk/timers?state=paused'],
};

function nothing() {
  return false;
}

function isDesk(path) {
  return path.startsWith('/en/desk');
}

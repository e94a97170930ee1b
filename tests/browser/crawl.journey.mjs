// Every page that links lead to: as a visitor, as a resident and as an officer.

import { crawl } from './crawl.mjs';
import { signIn } from './steps.mjs';

export default async function everyPage(journey) {
  const visitor = await journey.person('visitor');
  await crawl(journey, visitor.page, '/en', (path) => !isDesk(path));

  const phone = await journey.person('phone');
  const resident = await journey.person('resident');
  await signIn(journey, resident, phone, 'cheung-ka-yan', '/en/sign-in?next=/en/applications');
  await crawl(journey, resident.page, '/en/applications', (path) => isOwn(path));

  await crawl(journey, resident.page, '/en/who-looked', (path) => path.includes('/who-looked/'));

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

/** Pages that show something else to somebody who is signed in. */
function isOwn(path) {
  return /^\/en\/(applications|drafts|inbox|licences|account|profile|pay|acting)/.test(path);
}

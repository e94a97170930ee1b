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
  await signIn(journey, operator, phone, 'operator', '/en/sign-in?next=/en/desk/feedback');
  await crawl(journey, operator.page, '/en/desk/announcements', isDesk);

  const officer = await journey.person('officer');
  await signIn(journey, officer, phone, 'td-officer', '/en/sign-in?next=/en/desk');
  await crawl(journey, officer.page, '/en/desk', isDesk);
}

function isDesk(path) {
  return path.startsWith('/en/desk');
}

/** Pages that show something else to somebody who is signed in. */
function isOwn(path) {
  return /^\/en\/(applications|drafts|inbox|licences|account|profile|pay|acting)/.test(path);
}

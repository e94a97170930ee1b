// Every page that links lead to, as a visitor and as a resident; crawl-desk has the officers'.

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
}

function isDesk(path) {
  return path.startsWith('/en/desk');
}

/** Pages that show something else to somebody who is signed in. */
function isOwn(path) {
  return /^\/en\/(applications|drafts|inbox|licences|account|profile|pay|acting)/.test(path);
}

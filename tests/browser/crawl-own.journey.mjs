// Every page about oneself and one's companies: what signed-in people keep, give away and take back.

import { crawl } from './crawl.mjs';
import { signIn } from './steps.mjs';

const STARTS = ['/en/companies', '/en/my-data', '/en/sign', '/en/connections', '/en/profile'];

export default async function everythingOwn(journey) {
  const phone = await journey.person('phone');
  const resident = await journey.person('resident');
  await signIn(journey, resident, phone, 'ng-chi-ming', '/en/sign-in?next=/en/applications');
  for (const start of STARTS) {
    await crawl(journey, resident.page, start, (path) => path.startsWith(start));
  }
}

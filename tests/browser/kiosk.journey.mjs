// A shared kiosk: the language first, the phone signs in, large targets, no way to another site, and
// nothing left for the next person, with a script and without.

import assert from 'node:assert/strict';

import { approve } from './steps.mjs';

/** A screen that stands upright in a hall. */
const KIOSK = { width: 1080, height: 1400 };
const TARGET_PX = 56;
const PAGES = ['/tc/kiosk', '/tc/find?q=%E9%A7%95%E9%A7%9B', '/tc/cross-boundary', '/tc/help', '/tc/life-events'];

export default async function sharedKiosk(journey) {
  const phone = await journey.person('phone');
  for (const script of [true, false]) {
    const who = script ? 'kiosk' : 'kiosk without script';
    const device = await journey.person(who, { size: KIOSK, script });
    await journey.visit(device.page, '/kiosk');
    await journey.press(device.page, device.page.locator('button[value=tc]'));
    if (script) await lookAround(journey, device.page);
    await journey.visit(device.page, '/tc/sign-in?next=/tc/applications');
    assert.equal(await device.page.locator('a[href^="/app"]').count(), 0, 'the wallet opens on a kiosk');
    await approve(journey, device.page, phone.page, 'cheung-ka-yan');
    await journey.press(device.page, device.page.locator('.kiosk-bar .btn-warning'));
    assert.equal(new URL(device.page.url()).pathname, '/kiosk');
    await device.page.goBack({ waitUntil: 'load' });
    assert.equal(await device.page.locator('.who-name').count(), 0, 'the way back is signed in');
    await journey.visit(device.page, '/tc/kiosk/still-there?next=/tc/find');
  }
}

/** Every page keeps people here and gives them something large to press. */
async function lookAround(journey, page) {
  for (const path of PAGES) {
    await journey.visit(page, path);
    const { away, small } = await page.evaluate((least) => {
      const links = [...document.querySelectorAll('a[href]')];
      const inWords = 'main p, main dd, main li > a:only-child, .card h3, .skip';
      const targets = [...document.querySelectorAll('a[href], button, input, select, summary')];
      return {
        away: links.map((link) => link.href).filter((href) => new URL(href).origin !== location.origin),
        small: targets
          .filter((one) => one.offsetParent && !one.closest(inWords))
          .filter((one) => one.getBoundingClientRect().height < least - 1)
          .map((one) => one.outerHTML.slice(0, 100)),
      };
    }, TARGET_PX);
    assert.deepEqual(away, [], `${path} leads to another site`);
    assert.deepEqual(small, [], `${path} has small targets`);
  }
}

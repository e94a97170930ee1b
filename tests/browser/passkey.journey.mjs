// A resident adds two passkeys, signs in with one without typing anything, signs a document with the one that
// stays on its device, removes it, and is refused with it afterwards. The authenticators are Chromium's own
// virtual ones.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { PHONE } from './lib.mjs';
import { approve, signIn } from './steps.mjs';

const PERSON = 'cheung-ka-yan';
const BROUGHT = fileURLToPath(
  new URL('../../crates/paper/src/samples/table.pdf', import.meta.url),
);
const QUIETLY_WITHIN_MS = 20_000;

const AUTHENTICATOR = {
  protocol: 'ctap2',
  ctap2Version: 'ctap2_1',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
};

export default async function passkeys(journey) {
  for (const lang of ['en', 'tc']) {
    const resident = await journey.person(`resident in ${lang}`);
    const phone = await journey.person(`phone in ${lang}`, { size: PHONE });
    const device = await VirtualDevice.of(resident);
    const { page } = resident;
    await signIn(journey, resident, phone, PERSON, `/${lang}/devices`);

    const first = await device.plugIn({ defaultBackupEligibility: true, defaultBackupState: true });
    await add(journey, page, `Laptop ${lang}`, () => approve(journey, page, phone.page, PERSON));
    assert.equal(await held(page), 1);
    await cannotSign(journey, page, lang);
    await device.unplug(first);

    const second = await device.plugIn({});
    await add(journey, page, `Drawer ${lang}`, () => approve(journey, page, phone.page, PERSON));
    assert.equal(await held(page), 2);
    await journey.picture(page, `passkeys-${lang}`);
    assert.equal(await page.locator('.tag-good', { hasText: /Stays|只存/ }).count(), 1);

    await signOut(journey, page);
    await byPasskey(journey, page, `/${lang}/devices`);
    assert.ok(new URL(page.url()).pathname.endsWith('/devices'));
    await sign(journey, page, lang);
    await journey.visit(page, `/${lang}/devices`);

    // Removed, it is forgotten by the browser too, which the page tells; and where a browser has kept it,
    // it signs nobody in.
    const [kept] = await device.credentials(second);
    await journey.press(page, page.locator('#passkeys ~ ul .panel-card').last().locator('a[href*="kind=passkey"]'));
    await journey.press(page, page.locator('section[aria-labelledby=mine] button'));
    assert.equal(await held(page), 1);
    assert.deepEqual(await device.credentials(second), [], 'the browser was not told');
    await device.hold(second, kept);
    await signOut(journey, page);
    await refused(journey, page, lang);
    await device.unplug(second);
    await clean(journey, resident, phone, lang);
  }
}

/** Chromium's authenticator of one page, by the WebAuthn domain of its protocol. */
class VirtualDevice {
  static async of({ context, page }) {
    const device = new VirtualDevice();
    device.session = await context.newCDPSession(page);
    await device.session.send('WebAuthn.enable', { enableUI: false });
    return device;
  }

  async plugIn(options) {
    const answer = await this.session.send('WebAuthn.addVirtualAuthenticator', {
      options: { ...AUTHENTICATOR, ...options },
    });
    return answer.authenticatorId;
  }

  async credentials(authenticatorId) {
    const answer = await this.session.send('WebAuthn.getCredentials', { authenticatorId });
    return answer.credentials;
  }

  async hold(authenticatorId, credential) {
    await this.session.send('WebAuthn.addCredential', { authenticatorId, credential });
  }

  async unplug(authenticatorId) {
    await this.session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
  }
}

const held = (page) => page.locator('.panel-card a[href*="kind=passkey"]').count();

async function add(journey, page, name, allow) {
  await page.locator('form#form input[name=name]').fill(name);
  await journey.press(page, page.locator('form#form button.btn-primary'));
  await allow();
  await journey.press(page, page.locator('[data-passkey-ask]'));
  assert.ok(new URL(page.url()).pathname.endsWith('/devices'), page.url());
}

/** Brings a document to be signed; ends at the page that waits for the phone. */
async function bring(journey, page, lang) {
  await journey.visit(page, `/${lang}/sign`);
  await page.locator('#document').setInputFiles(BROUGHT);
  await journey.press(page, page.locator('main form button').first());
  await journey.press(page, page.locator('main form button').first());
}

/** The only passkey is copied between devices: the page says that it does not sign. */
async function cannotSign(journey, page, lang) {
  await bring(journey, page, lang);
  assert.equal(await page.locator('a[href$="/passkey"]').count(), 0);
  const section = page.locator('section[aria-labelledby=ask-answer-title]');
  assert.match(await section.innerText(), /copied|複製/);
  await journey.press(page, page.locator('form[action$="/cancel"] button'));
  await journey.visit(page, `/${lang}/devices`);
}

/** What is signed stands on the page before the passkey is asked for; the phone stays in the pocket. */
async function sign(journey, page, lang) {
  await bring(journey, page, lang);
  await journey.press(page, page.locator('a[href$="/passkey"]'));
  assert.match(await page.locator('main').innerText(), /table\.pdf/);
  await journey.picture(page, `sign-by-passkey-${lang}`);
  await journey.press(page, page.locator('[data-passkey-ask]'));
  await page.waitForURL((url) => !url.pathname.includes('/approvals/'), { timeout: QUIETLY_WITHIN_MS });
  await journey.look(page);
  assert.ok(await page.locator('a[href$="/signed"]').count(), 'the document is not signed');
}

async function signOut(journey, page) {
  await journey.press(page, page.locator('.who form button'));
}

/** Opens a page that asks to sign in. The browser offers the passkey by itself, or is asked. */
async function byPasskey(journey, page, path) {
  await page.goto(path, { waitUntil: 'load' });
  const isIn = (url) => url.pathname === path;
  await page.waitForURL(isIn, { timeout: QUIETLY_WITHIN_MS });
  await journey.look(page);
}

async function refused(journey, page, lang) {
  page.expectsErrors = true;
  await page.goto(`/${lang}/devices`, { waitUntil: 'load' });
  await page.locator('[data-passkey-unknown]').waitFor({ state: 'attached', timeout: QUIETLY_WITHIN_MS });
  assert.ok(await page.locator('[data-passkey-unknown]').getAttribute('data-passkey-unknown'));
  await journey.look(page);
  page.expectsErrors = false;
}

/** The next language begins without passkeys. */
async function clean(journey, resident, phone, lang) {
  const { page } = resident;
  await journey.visit(page, `/${lang}/devices`);
  await approve(journey, page, phone.page, PERSON);
  await journey.press(page, page.locator('.panel-card a[href*="kind=passkey"]').first());
  await journey.press(page, page.locator('section[aria-labelledby=mine] button'));
  assert.equal(await held(page), 0);
}

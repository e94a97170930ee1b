// A department's code that speaks the iAM Smart wire form, written a second time with nothing but
// Node's own cryptography: it is registered at the desk, fetches its content key, signs a person in,
// has a hash signed that the person finds in the inbox, and checks the signature that arrives at its callback address.

import assert from 'node:assert/strict';
import { X509Certificate, createHash, verify } from 'node:crypto';

import { DESKTOP, PHONE } from './lib.mjs';
import { answerOnPhone, approveLatest, connect, keyPair, listen, register } from './wire.mjs';

const KEY = 'siu-hoi-yan';
/** Her card number without its check digit. */
const CARD = 'Q321170';
const ID = 'td-wire-journey';
const SCOPES = 'eidapi_auth eidapi_sign';

export default async function speakTheWireOfIamSmart(journey) {
  const application = await listen();
  try {
    await walk(journey, application);
  } finally {
    application.close();
  }
}

async function walk(journey, application) {
  const own = keyPair();
  const phone = await journey.person('phone');
  const secret = await register(journey, phone, {
    id: ID,
    profile: 'iamsmart',
    scopes: ['eidapi_sign'],
    certificate: own.certificate,
    application,
  });
  const wire = await connect(journey.base, { id: ID, secret, key: own.key });

  const resident = await journey.person('resident');
  const door = new URL('/api/v1/auth/getQR', journey.base);
  door.search = new URLSearchParams({
    clientID: ID,
    responseType: 'code',
    source: 'PC_Browser',
    redirectURI: application.back,
    scope: SCOPES,
    lang: 'en-US',
    state: 'one-state',
    brokerPage: 'true',
  });
  await resident.page.goto(door.pathname + door.search);
  await journey.look(resident.page);
  await answerOnPhone(journey, resident.page, phone.page, KEY);
  await resident.page.waitForURL((url) => url.href.startsWith(application.back));
  const back = application.last().searchParams;
  assert.equal(back.get('state'), 'one-state');
  const token = await wire.call('/api/v1/auth/getToken', {
    code: back.get('code'),
    grantType: 'authorization_code',
  });
  assert.equal(token.code, 'D00000');
  await resident.page.goto('/en/sign-in?next=/en/inbox');
  await answerOnPhone(journey, resident.page, phone.page, KEY);
  await resident.page.waitForURL((url) => url.pathname === '/en/inbox');
  const known = { wire, application, holder: token.content };
  await signs(journey, [phone.page, resident.page], known);
}

/** Whoever is asked by name finds it in the inbox, in each language and at a phone's width. */
async function finds(journey, page, digits) {
  for (const [lang, words] of [['tc', '等候你作答'], ['sc', '等候你作答'], ['en', 'Waiting for your answer']]) {
    await page.setViewportSize(lang === 'en' ? DESKTOP : PHONE);
    await journey.visit(page, `/${lang}/inbox`);
    await page.getByRole('heading', { name: words }).waitFor();
    assert.ok((await page.locator('main').innerText()).includes(digits), 'the digits stand there');
    await journey.picture(page, `asked-${lang}`);
  }
}

/** One signature, asked for, approved and posted. */
async function signs(journey, [phone, page], { wire, application, holder }) {
  const hash = createHash('sha256').update('the form').digest();
  const asked = await wire.call('/api/v1/account/signing/initiateRequest', {
    businessID: 'permit-17',
    accessToken: holder.accessToken,
    openID: holder.openID,
    source: 'PC_Browser',
    redirectURI: application.back,
    state: 'two-state',
    hashCode: hash.toString('base64'),
    sigAlgo: 'SHA256withRSA',
    HKICHash: createHash('sha256').update(CARD).digest('base64'),
    serviceName: 'Parking permit',
    documentName: 'Application form',
  });
  assert.equal(asked.code, 'D00000');
  await finds(journey, page, asked.content.identificationCode);
  const digits = await approveLatest(journey, phone, KEY, /Application form/);
  assert.equal(digits, asked.content.identificationCode);
  const posted = await application.hear();
  assert.equal(posted.code, 'D00000');
  const result = wire.open(posted.content);
  assert.equal(result.businessID, 'permit-17');
  const signer = new X509Certificate(Buffer.from(result.cert, 'base64'));
  const signature = Buffer.from(result.signature, 'base64');
  assert.ok(verify('sha256', hash, signer.publicKey, signature), 'the signature holds');
  const done = await wire.call('/api/v1/account/signing/ackResult', {
    businessID: 'permit-17',
    ackCode: 'SR001',
  });
  assert.equal(done.code, 'D00000');
}

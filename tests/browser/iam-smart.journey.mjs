// A department's code that speaks the iAM Smart wire form, written a second time with nothing but
// Node's own cryptography: it is registered at the desk, fetches its content key, signs a person in,
// has a hash signed, and checks the signature that arrives at its callback address.

import assert from 'node:assert/strict';
import { X509Certificate, createHash, verify } from 'node:crypto';

import { answerOnPhone, connect, keyPair, listen, register } from './wire.mjs';

const KEY = 'siu-hoi-yan';
/** Her card number without its check digit. */
const CARD = 'Q321170';
const ID = 'td-wire-journey';
const SCOPES = 'eidapi_auth eidapi_sign';
const HEARD_WITHIN_MS = 60_000;

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
  await signs(journey, phone.page, { wire, application, holder: token.content });
}

/** One signature, asked for, approved and posted. */
async function signs(journey, phone, { wire, application, holder }) {
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
  await journey.visit(phone, `/en/demo/phone/${KEY}`);
  await journey.press(phone, phone.locator('main .card form button').first());
  assert.match(await phone.locator('main').innerText(), /Application form/);
  const digits = (await phone.locator('.code-digits').textContent()).trim();
  assert.equal(digits.replace(/\s/g, ''), asked.content.identificationCode);
  const yes = phone.locator('form:has(input[name=decision][value=approve]) button');
  await journey.press(phone, yes);
  const late = new Promise((_, reject) =>
    setTimeout(() => reject(new Error('no result arrived')), HEARD_WITHIN_MS).unref(),
  );
  const posted = await Promise.race([application.heard, late]);
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

// A department's code that speaks both interfaces of the Hong Kong wire form: a person who acts for two
// companies signs in, chooses one, and comes back with two codes; a form of it is filled in, and the chop of
// the other is put on a document; somebody without a company is told so.

import assert from 'node:assert/strict';
import { X509Certificate, createHash, verify } from 'node:crypto';

import { PHONE } from './lib.mjs';
import { answerOnPhone, approveLatest, connect, keyPair, listen, register } from './wire.mjs';

const ID = 'td-fleet-journey';
/** She answers for one company and works for another. */
const AGENT = 'kwok-wing-sze';
const COMPANY = 'Golden Wok Demonstration Limited';
/** No company has named her. */
const NOBODY = 'cheung-ka-yan';
const SCOPES = [
  'corpidapi_auth',
  'corpidapi_profiles',
  'corpidapi_formFilling',
  'corpidapi_sign',
];
/** The company she answers for. */
const OWN_UBI = '99000026';

export default async function actForACompanyOverTheWire(journey) {
  const application = await listen();
  try {
    await walk(journey, application);
  } finally {
    application.close();
  }
}

async function walk(journey, application) {
  const { key, certificate } = keyPair();
  const phone = await journey.person('phone');
  const secret = await register(journey, phone, {
    id: ID,
    profile: 'corpid',
    scopes: SCOPES,
    certificate,
    application,
  });
  const known = { id: ID, secret, key };
  const person = await connect(journey.base, known);
  const paths = '/api/eservice/v1';
  const company = await connect(journey.base, { ...known, paths, letter: 'M' });

  const agent = await journey.person('agent');
  await arrive(journey, agent.page, { application, lang: 'en-US' });
  await answerOnPhone(journey, agent.page, phone.page, AGENT);
  await agent.page.locator('input[name=company]').first().waitFor();
  await journey.look(agent.page);
  await journey.picture(agent.page, 'choice-en-1280');
  const go = agent.page.locator('main form button.btn-primary');
  await refused(journey, agent.page, go);
  await agent.page.getByLabel(COMPANY).check();
  await go.click();
  await agent.page.waitForURL((url) => url.href.startsWith(application.back));
  const acting = await knownByTwo(application, { person, company });
  const asked = { journey, phone: phone.page, company, application };
  await fillsIn(asked, acting);
  await chops(asked, acting);

  const nobody = await journey.person('nobody', { size: PHONE });
  await arrive(journey, nobody.page, { application, lang: 'zh-HK' });
  await answerOnPhone(journey, nobody.page, phone.page, NOBODY);
  await nobody.page.locator('button[name=leave]').waitFor();
  await journey.look(nobody.page);
  await journey.picture(nobody.page, 'none-tc-360');
  await nobody.page.locator('button[name=leave]').click();
  await nobody.page.waitForURL((url) => url.href.startsWith(application.back));
  assert.equal(application.last().searchParams.get('cError_code'), 'M40002');
}

async function arrive(journey, page, { application, lang }) {
  const door = new URL('/api/v1/auth/getQR', journey.base);
  door.search = new URLSearchParams({
    clientID: ID,
    responseType: 'code',
    source: 'PC_Browser',
    redirectURI: application.back,
    scope: 'eidapi_auth',
    cScope: SCOPES.join(' '),
    lang,
    state: 'one-state',
    brokerPage: 'true',
  });
  await page.goto(door.pathname + door.search);
  await journey.look(page);
}

/** Going on without a choice says what is missing. */
async function refused(journey, page, go) {
  page.expectsErrors = true;
  await journey.press(page, go);
  page.expectsErrors = false;
  assert.ok(await page.locator('.errors').count());
}

async function knownByTwo(application, { person, company }) {
  const back = application.last().searchParams;
  assert.equal(back.get('state'), 'one-state');
  const grantType = 'authorization_code';
  const own = await person.call('/api/v1/auth/getToken', { code: back.get('code'), grantType });
  assert.equal(own.code, 'D00000');
  const cAuthCode = back.get('cCode');
  const corp = await company.call('/api/eservice/v1/auth/getToken', { cAuthCode, grantType });
  assert.equal(corp.code, 'M00000');
  assert.equal(corp.content.corpInfo.corpNameEN, COMPANY);
  const { cAccessToken, cOpenID } = corp.content;
  const asked = { cAccessToken, cOpenID, corpProfileFields: ['engName', 'crLstMatchTs'] };
  const told = await company.call('/api/eservice/v1/profiles', asked);
  assert.equal(told.content.corp.engName, COMPANY);
  return { cAccessToken, cOpenID };
}

const fromHere = (application) => ({
  source: 'PC_Browser',
  redirectURI: application.back,
  state: 'two-state',
});

/** A form of the company, asked for, approved and posted. */
async function fillsIn({ journey, phone, company, application }, acting) {
  const asked = await company.call('/api/eservice/v1/formFilling/initiateRequest', {
    ...acting,
    ...fromHere(application),
    businessID: 'fleet-17',
    formName: 'Fleet permit',
    corpProfileFields: ['engName', 'ubi'],
  });
  assert.equal(asked.code, 'M00000');
  const digits = await approveLatest(journey, phone, AGENT, /Fleet permit/);
  assert.equal(digits, asked.content.identificationCode);
  const posted = await application.hear();
  assert.equal(posted.code, 'M00000');
  const { corp, businessID } = company.open(posted.content);
  assert.equal(businessID, 'fleet-17');
  assert.equal(corp.engName, COMPANY);
}

/** The chop of her own company, after changing to it. */
async function chops({ journey, phone, company, application }, acting) {
  const changed = await company.call('/api/eservice/v1/corp/tokenExchange', {
    ...acting,
    ubi: OWN_UBI,
  });
  assert.equal(changed.code, 'M00000');
  const { cAccessToken, cOpenID, corpInfo } = changed.content;
  const hash = createHash('sha256').update('the form').digest();
  const asked = await company.call('/api/eservice/v1/signing/initiateRequest', {
    cAccessToken,
    cOpenID,
    ...fromHere(application),
    businessID: 'fleet-18',
    signType: 'CORPID_SIGN',
    ubi: OWN_UBI,
    hashCode: hash.toString('base64'),
    sigAlgo: 'SHA256withRSA',
    serviceName: 'Fleet permit',
    documentName: 'Application form',
  });
  assert.equal(asked.code, 'M00000', asked.msg);
  const digits = await approveLatest(journey, phone, AGENT, /Application form/);
  assert.equal(digits, asked.content.identificationCode);
  const posted = await application.hear();
  assert.equal(posted.code, 'M00000');
  const result = company.open(posted.content);
  const chop = new X509Certificate(Buffer.from(result.cert, 'base64'));
  assert.ok(chop.subject.includes(`O=${corpInfo.corpNameEN}`), chop.subject);
  const signature = Buffer.from(result.signature, 'base64');
  assert.ok(verify('sha256', hash, chop.publicKey, signature), 'the chop holds');
}

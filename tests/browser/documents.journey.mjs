// A company's document wallet: somebody adds a paper without a script, an application asks for documents,
// they are chosen on the page beside the phone and on the phone itself, fetched, and taken back.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { PHONE } from './lib.mjs';
import { answerOnPhone, enrol, wentOn } from './phone.mjs';
import { connect, keyPair, listen, register } from './wire.mjs';

const ID = 'td-papers-journey';
const NAME = 'NG Chi Ming';
const UBI = '99000018';
const COMPANY = /Golden Wok/;
const SCOPES = ['corpidapi_auth', 'corpidapi_docwallet'];
const PDF = Buffer.from(
  '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n',
);

export default async function keepAndHandOverDocuments(journey) {
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
  const known = { id: ID, key };
  known.secret = await register(journey, phone, {
    id: ID,
    profile: 'corpid',
    scopes: SCOPES,
    certificate,
    application,
  });
  const company = await connect(journey.base, {
    ...known,
    paths: '/api/eservice/v1',
    letter: 'M',
  });

  const handset = await journey.person('handset', { size: PHONE });
  await enrol(journey, handset.page, NAME);
  const plain = await journey.person('owner', { script: false });
  await comesIn(journey, plain.page, handset.page);
  await keeps(journey, plain.page);

  const desk = await journey.person('desk');
  await comesIn(journey, desk.page, handset.page);
  const acting = await arrives(journey, {
    desk: desk.page,
    handset: handset.page,
    application,
    company,
  });
  await looks(journey, desk.page);
  const asked = { journey, application, company, acting };
  await chosenBeside(asked, desk.page, handset.page);
  await brought(asked, handset.page);
  await takenBack(asked, desk.page);
}

async function comesIn(journey, page, handset) {
  await journey.visit(page, '/en/companies');
  await answerOnPhone(journey, page, handset);
  await wentOn(journey, page);
}

/** Adds two papers with no script at all, the first wrongly. */
async function keeps(journey, page) {
  await journey.press(page, page.getByRole('link', { name: COMPANY }).first());
  const wallet = page.locator('nav a[href$="/documents"]');
  await journey.press(page, wallet);
  await journey.picture(page, 'empty-en-1280');
  await journey.press(page, page.locator('main a.btn-primary'));
  await journey.picture(page, 'add-en-1280');
  page.expectsErrors = true;
  await page.locator('input[name=name]').fill('Business registration 2026/27');
  await journey.press(page, page.locator('main form button.btn-primary'));
  assert.ok(await page.locator('.errors').count());
  assert.equal(await page.locator('input[name=name]').inputValue(), 'Business registration 2026/27');
  await journey.picture(page, 'wrong-en-1280');
  page.expectsErrors = false;
  await adds(journey, page, ['Business registration 2026/27', 'business_registration', '2026']);
  await journey.press(page, page.locator('.crumbs a[href$="/documents"], nav a[href$="/documents"]').last());
  await journey.press(page, page.locator('main a.btn-primary'));
  await adds(journey, page, ['Restaurant licence', 'licence', '2027']);
  await journey.picture(page, 'one-en-1280');
}

async function adds(journey, page, [name, kind, ends]) {
  await page.locator('input[name=name]').fill(name);
  await page.locator('select[name=kind]').selectOption(kind);
  for (const [part, value] of [['day', '31'], ['month', '12'], ['year', ends]]) {
    await page.locator(`input[name=expires-${part}]`).fill(value);
  }
  const buffer = Buffer.concat([PDF, Buffer.from(name)]);
  const file = { name: 'paper.pdf', mimeType: 'application/pdf', buffer };
  await page.locator('input[type=file]').setInputFiles(file);
  await journey.press(page, page.locator('main form button.btn-primary'));
  assert.match(await page.locator('main').innerText(), new RegExp(name));
}

/** The owner lets the application in. */
async function arrives(journey, { desk, handset, application, company }) {
  const door = new URL('/api/v1/auth/getQR', journey.base);
  door.search = new URLSearchParams({
    clientID: ID,
    responseType: 'code',
    source: 'PC_Browser',
    redirectURI: application.back,
    scope: 'eidapi_auth',
    cScope: SCOPES.join(' '),
    lang: 'en-US',
    brokerPage: 'true',
  });
  await desk.goto(door.pathname + door.search);
  await journey.look(desk);
  await answerOnPhone(journey, desk, handset);
  await desk.waitForURL((url) => url.href.startsWith(application.back));
  const cAuthCode = application.last().searchParams.get('cCode');
  const grantType = 'authorization_code';
  const token = await company.call('/api/eservice/v1/auth/getToken', { cAuthCode, grantType });
  assert.equal(token.code, 'M00000');
  const { cAccessToken, cOpenID } = token.content;
  return { cAccessToken, cOpenID, ubi: UBI };
}

/** The wallet in both languages, wide and narrow, on paper and by keyboard. */
async function looks(journey, page) {
  await journey.visit(page, '/en/companies');
  await journey.press(page, page.getByRole('link', { name: COMPANY }).first());
  await journey.press(page, page.locator('nav a[href$="/documents"]'));
  const list = new URL(page.url()).pathname;
  await journey.picture(page, 'list-en-1280');
  await journey.visit(page, list.replace('/en/', '/tc/'));
  await journey.picture(page, 'list-tc-1280');
  await page.setViewportSize(PHONE);
  await journey.look(page);
  await journey.picture(page, 'list-tc-360');
  await journey.press(page, page.locator('.panel-card h2 a').first());
  await journey.picture(page, 'one-tc-360');
  await journey.press(page, page.locator('a[href$="/label"]'));
  await journey.picture(page, 'label-tc-360');
  await page.setViewportSize({ width: 1280, height: 900 });
  await journey.visit(page, `${list}?q=restaurant`);
  assert.equal(await page.locator('.panel-card').count(), 1);
  // By keyboard alone: removed, and put back where it stood.
  await page.locator('.panel-card h2 a').focus();
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('Enter')]);
  await page.locator('form[action$="/remove"] button').focus();
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('Enter')]);
  await journey.look(page);
  await journey.picture(page, 'removed-en-1280');
  await journey.visit(page, `${list}?removed=yes`);
  await journey.picture(page, 'bin-en-1280');
  await page.locator('form[action$="/restore"] button').focus();
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('Enter')]);
  await journey.look(page);
  await page.emulateMedia({ media: 'print' });
  await journey.picture(page, 'print-en-1280');
  await page.emulateMedia({ media: null });
}

const here = (application) => ({
  source: 'PC_Browser',
  redirectURI: application.back,
  state: 'three-state',
});

/** Ticked at the desk, shown ticked on the phone, changed there, agreed and fetched. */
async function chosenBeside({ journey, application, company, acting }, desk, handset) {
  const asked = await company.call('/api/eservice/v1/docWallet/sharing/initiateRequest', {
    ...acting,
    ...here(application),
    businessID: 'papers-1',
    purpose: 'Renewal of the restaurant licence',
    maxDocuments: 2,
  });
  assert.equal(asked.code, 'M00000', asked.msg);
  const door = `/api/eservice/v1/auth/getQR?clientID=${ID}&lang=en-US&ticketID=${asked.content.ticketID}`;
  await journey.visit(desk, door);
  await journey.picture(desk, 'beside-en-1280');
  desk.expectsErrors = true;
  await journey.press(desk, desk.locator('form#choose button'));
  assert.ok(await desk.locator('.errors').count());
  desk.expectsErrors = false;
  await desk.getByLabel('Restaurant licence').check();
  await journey.press(desk, desk.locator('form#choose button'));
  assert.ok(await desk.getByLabel('Restaurant licence').isChecked());

  await handset.goto('/app#/home');
  const card = handset.locator('#waiting a, #waiting button').first();
  await journey.tap(handset, card, handset.locator('fieldset#pick'));
  await journey.picture(handset, 'pick-en-360');
  const ticked = handset.locator('#pick input:checked');
  assert.equal(await ticked.count(), 1);
  await ticked.first().uncheck();
  const approve = handset.locator('main .buttons button.btn-primary');
  await journey.tap(handset, approve, handset.locator('.errors'));
  await journey.picture(handset, 'pick-none-en-360');
  await handset.getByLabel('Restaurant licence').check();
  await journey.tap(handset, approve, handset.locator('main a[href="#/home"]'));

  const posted = await application.hear();
  assert.equal(posted.code, 'M00000');
  const { documents } = company.open(posted.content);
  assert.deepEqual(documents.map((one) => one.documentName), ['Restaurant licence']);
  const { documentID, fileHash } = documents[0];
  const path = '/api/eservice/v1/docWallet/detail';
  const full = await company.call(path, { ...acting, documentID });
  const bytes = Buffer.from(full.content.fileContent, 'base64');
  assert.equal(createHash('sha256').update(bytes).digest('base64'), fileHash);
}

/** The application brings a licence; the phone says what it is. */
async function brought({ journey, application, company, acting }, handset) {
  const asked = await company.call('/api/eservice/v1/docWallet/upload/initiateRequest', {
    ...acting,
    ...here(application),
    businessID: 'papers-2',
    documentName: 'Restaurant licence 2028',
    documentType: 'licence',
    fileContent: PDF.toString('base64'),
  });
  assert.equal(asked.code, 'M00000', asked.msg);
  await handset.goto('/app#/home');
  const card = handset.locator('#waiting a, #waiting button').first();
  await journey.tap(handset, card, handset.locator('.code-digits'));
  assert.match(await handset.locator('main').innerText(), /Restaurant licence 2028/);
  await journey.picture(handset, 'upload-en-360');
  const approve = handset.locator('main .buttons button.btn-primary');
  await journey.tap(handset, approve, handset.locator('main a[href="#/home"]'));
  const posted = await application.hear();
  assert.equal(posted.code, 'M00000');
}

/** The company sees who has the paper, and takes it back. */
async function takenBack({ journey, company, acting }, desk) {
  await journey.visit(desk, '/en/companies');
  await journey.press(desk, desk.getByRole('link', { name: COMPANY }).first());
  await journey.press(desk, desk.locator('nav a[href$="/documents"]'));
  await journey.press(desk, desk.getByRole('link', { name: 'Restaurant licence', exact: true }));
  await journey.picture(desk, 'shared-en-1280');
  const documentID = new URL(desk.url()).pathname.split('/').at(-1);
  await desk.setViewportSize(PHONE);
  await journey.look(desk);
  await journey.picture(desk, 'shared-en-360');
  await journey.press(desk, desk.locator('form[action$="/end"] button'));
  const path = '/api/eservice/v1/docWallet/detail';
  const gone = await company.call(path, { ...acting, documentID });
  assert.equal(gone.code, 'M90004');
}

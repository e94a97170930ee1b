// A department's code that speaks the iAM Smart wire form, written a second time with nothing but
// Node's own cryptography: it is registered at the desk, fetches its content key, signs a person in,
// has a hash signed, and checks the signature that arrives at its callback address.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  X509Certificate,
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  privateDecrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { signIn } from './steps.mjs';

const KEY = 'siu-hoi-yan';
/** Her card number without its check digit. */
const CARD = 'Q321170';
const ID = 'td-wire-journey';
const PAGE = `/en/desk/clients/${ID}`;
const SCOPES = 'eidapi_auth eidapi_sign';
const HEARD_WITHIN_MS = 60_000;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export default async function speakTheWireOfIamSmart(journey) {
  const application = await listen();
  try {
    await walk(journey, application);
  } finally {
    application.close();
  }
}

/** The application's own web server: where browsers come back to, and where results are posted. */
async function listen() {
  const arrived = [];
  let hear;
  const heard = new Promise((resolve) => (hear = resolve));
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      let body = '';
      for await (const part of request) body += part;
      hear(JSON.parse(body));
    } else {
      arrived.push(request.url);
    }
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><html lang="en"><title>Parking permits</title>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const home = `http://127.0.0.1:${server.address().port}`;
  return {
    back: `${home}/back`,
    results: `${home}/results`,
    heard,
    last: () => new URL(arrived.filter((path) => path !== '/favicon.ico').at(-1), home),
    close: () => server.close(),
  };
}

async function walk(journey, application) {
  const own = keyPair();
  const phone = await journey.person('phone');
  const secret = await register(journey, phone, own.certificate, application);
  const wire = await connect(journey.base, secret, own.key);

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
  await approveAndLeave(journey, resident.page, phone.page, application);
  const back = application.last().searchParams;
  assert.equal(back.get('state'), 'one-state');
  const token = await wire.call('/api/v1/auth/getToken', {
    code: back.get('code'),
    grantType: 'authorization_code',
  });
  assert.equal(token.code, 'D00000');
  await signs(journey, phone.page, { wire, application, holder: token.content });
}

/** Approves on the phone; the browser then leaves the platform. */
async function approveAndLeave(journey, page, phone, application) {
  const reference = (await page.locator('.ask-reference').textContent()).trim();
  await journey.visit(phone, '/en/demo/phone');
  await phone.locator('select[name=person]').selectOption(KEY);
  await phone.locator('input[name=reference]').fill(reference);
  await journey.press(phone, phone.locator('main form#form button').first());
  const yes = phone.locator('form:has(input[name=decision][value=approve]) button');
  await journey.press(phone, yes);
  await page.waitForURL((url) => url.href.startsWith(application.back));
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

/** An RSA key and its certificate, by openssl. */
function keyPair() {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-wire-'));
  try {
    const words = '-x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30';
    const subject = ['-subj', '/CN=eservice.example'];
    const options = { cwd: folder, stdio: 'ignore' };
    execFileSync('openssl', ['req', ...words.split(' '), ...subject], options);
    const read = (name) => readFileSync(join(folder, name), 'utf8');
    return { key: read('key.pem'), certificate: read('cert.pem') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Two people put the client in force; what its page showed once is the answer. */
async function register(journey, phone, certificate, application) {
  const author = await journey.person('author');
  await signIn(journey, author, phone, 'td-owner', '/en/desk/clients/new/wire');
  const { page } = author;
  const typed = {
    id: ID,
    name_en: 'Parking permits',
    name_tc: '泊車許可證',
    purpose_en: 'To give you a permit',
    purpose_tc: '向你發出許可證',
    sector: ID,
    redirect_uris: application.back,
    callback_uris: application.results,
    certificate,
  };
  for (const [name, value] of Object.entries(typed)) await page.locator(`[name=${name}]`).fill(value);
  await page.locator('input[name=scopes][value=eidapi_sign]').check();
  await page.locator('input[name=padding][value=oaep_sha256]').check();
  await journey.press(page, page.locator('#client button').last());
  await journey.press(page, page.locator('form[action$="/secret"] button'));
  const secret = (await page.locator('main code').first().textContent()).trim();
  await journey.visit(page, PAGE);
  await journey.press(page, page.locator('form[action$="/submit"] button'));
  const second = await journey.person('second');
  await signIn(journey, second, phone, 'td-supervisor', PAGE);
  await journey.press(second.page, second.page.locator('button[value=approve]'));
  return secret;
}

/** The wire itself: sealed and signed calls under the content key. */
async function connect(base, secret, key) {
  const send = async (path, body) => {
    const headers = {
      clientID: ID,
      signatureMethod: 'HmacSHA256',
      timestamp: String(Date.now()),
      nonce: randomBytes(16).toString('hex'),
    };
    const signed = Object.values(headers).join('') + body;
    const signature = createHmac('sha256', secret).update(signed).digest('base64');
    const answer = await fetch(new URL(path, base), {
      method: 'POST',
      headers: {
        ...headers,
        signature: encodeURIComponent(signature),
        'content-type': 'application/json',
      },
      body,
    });
    assert.equal(answer.status, 200);
    return answer.json();
  };
  const given = await send('/api/v1/security/getKey', '');
  assert.equal(given.code, 'D00000');
  const sealed = Buffer.from(given.content.secretKey, 'base64');
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const content = privateDecrypt({ key, padding, oaepHash: 'sha256' }, sealed);
  const seal = (parameters) => {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', content, iv);
    const text = [cipher.update(JSON.stringify(parameters)), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat([Buffer.from([0, 0, 0, IV_BYTES]), iv, ...text]).toString('base64');
  };
  const open = (text) => {
    const bytes = Buffer.from(text, 'base64').subarray(4);
    const cipher = createDecipheriv('aes-256-gcm', content, bytes.subarray(0, IV_BYTES));
    cipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const body = bytes.subarray(IV_BYTES, -TAG_BYTES);
    return JSON.parse(Buffer.concat([cipher.update(body), cipher.final()]));
  };
  const call = async (path, parameters) => {
    const answer = await send(path, JSON.stringify({ content: seal(parameters) }));
    return { ...answer, content: answer.content && open(answer.content) };
  };
  return { call, open };
}

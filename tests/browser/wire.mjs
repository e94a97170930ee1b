// What every application that speaks the Hong Kong wire form does, written a second time with nothing but
// Node's own cryptography: its web server, its certificate, its registration, its sealed and signed calls.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHmac,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { signIn } from './steps.mjs';

const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEARD_WITHIN_MS = 60_000;

/** The application's own web server: where browsers come back to, and where results are posted. */
export async function listen() {
  const arrived = [];
  const heard = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      let body = '';
      for await (const part of request) body += part;
      const hear = waiting.shift() ?? ((result) => heard.push(result));
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
    /** The next result that is posted. */
    hear: () =>
      new Promise((resolve, reject) => {
        if (heard.length) return resolve(heard.shift());
        waiting.push(resolve);
        setTimeout(() => reject(new Error('no result arrived')), HEARD_WITHIN_MS).unref();
      }),
    last: () => new URL(arrived.filter((path) => path !== '/favicon.ico').at(-1), home),
    close: () => server.close(),
  };
}

/** Approves on the phone of `key` what the page shows. */
export async function answerOnPhone(journey, page, phone, key) {
  const reference = (await page.locator('.ask-reference').textContent()).trim();
  await journey.visit(phone, '/en/demo/phone');
  await phone.locator('select[name=person]').selectOption(key);
  await phone.locator('input[name=reference]').fill(reference);
  await journey.press(phone, phone.locator('main form#form button').first());
  const yes = phone.locator('form:has(input[name=decision][value=approve]) button');
  await journey.press(phone, yes);
}

/** Approves what came to the phone of `key` without a browser, which must say `words`: its digits. */
export async function approveLatest(journey, phone, key, words) {
  await journey.visit(phone, `/en/demo/phone/${key}`);
  await journey.press(phone, phone.locator('main .card form button').first());
  assert.match(await phone.locator('main').innerText(), words);
  const digits = (await phone.locator('.code-digits').textContent()).trim();
  const yes = phone.locator('form:has(input[name=decision][value=approve]) button');
  await journey.press(phone, yes);
  return digits.replace(/\s/g, '');
}

/** An RSA key and its certificate, by openssl. */
export function keyPair() {
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
export async function register(journey, phone, { id, profile, scopes, certificate, application }) {
  const author = await journey.person('author');
  await signIn(journey, author, phone, 'td-owner', '/en/desk/clients/new/wire');
  const { page } = author;
  const typed = {
    id,
    name_en: 'Parking permits',
    name_tc: '泊車許可證',
    purpose_en: 'To give you a permit',
    purpose_tc: '向你發出許可證',
    sector: id,
    redirect_uris: application.back,
    callback_uris: application.results,
    certificate,
  };
  for (const [name, value] of Object.entries(typed)) await page.locator(`[name=${name}]`).fill(value);
  await page.locator(`input[name=profile][value=${profile}]`).check();
  for (const scope of scopes) await page.locator(`input[name=scopes][value=${scope}]`).check();
  await page.locator('input[name=padding][value=oaep_sha256]').check();
  await journey.press(page, page.locator('#client button').last());
  await journey.press(page, page.locator('form[action$="/secret"] button'));
  const secret = (await page.locator('main code').first().textContent()).trim();
  const own = `/en/desk/clients/${id}`;
  await journey.visit(page, own);
  await journey.press(page, page.locator('form[action$="/submit"] button'));
  const second = await journey.person('second');
  await signIn(journey, second, phone, 'td-supervisor', own);
  await journey.press(second.page, second.page.locator('button[value=approve]'));
  return secret;
}

/** One interface of the wire: sealed and signed calls under its content key. */
export async function connect(base, { id, secret, key, paths = '/api/v1', letter = 'D' }) {
  const send = async (path, body) => {
    const headers = {
      clientID: id,
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
  const given = await send(`${paths}/security/getKey`, '');
  assert.equal(given.code, `${letter}00000`);
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

// A department registers its application by itself, and a certified client library of another maker
// signs a person in with it: FAPI 2.0 (pushed request, key, DPoP), the person's data, refresh,
// introspection, revocation, logout; then the phone alone, without a browser (CIBA).

import assert from 'node:assert/strict';
import { createServer } from 'node:http';

import * as openid from 'openid-client';

import { approve, signIn } from './steps.mjs';

const KEY = 'siu-hoi-yan';
const ID = 'td-journey';
const POLL_WITHIN_MS = 60_000;

export default async function signInWithAnotherMakersLibrary(journey) {
  const application = await listen();
  try {
    await walk(journey, application);
  } finally {
    application.close();
  }
}

/** The application's own web server: it remembers where browsers came back to. */
async function listen() {
  const arrived = [];
  const server = createServer((request, response) => {
    arrived.push(request.url);
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><html lang="en"><title>Parking permits</title>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const home = `http://127.0.0.1:${server.address().port}`;
  return {
    callback: `${home}/callback`,
    bye: `${home}/bye`,
    /** The address the browser came back to last. */
    last: () => new URL(arrived.filter((path) => path !== '/favicon.ico').at(-1), home),
    close: () => server.close(),
  };
}

async function walk(journey, application) {
  const phone = await journey.person('phone');
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  await register(journey, phone, await publicJwk(keys.publicKey), application);

  const resident = await journey.person('resident');
  const config = await openid.discovery(
    new URL(journey.base),
    ID,
    undefined,
    openid.PrivateKeyJwt({ key: keys.privateKey, kid: 'journey-1' }),
    { execute: [openid.allowInsecureRequests] },
  );
  const dpop = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));

  const tokens = await logIn(journey, { config, dpop, phone, resident, application });
  const { sub } = tokens.claims();
  const info = await openid.fetchUserInfo(config, tokens.access_token, sub, { DPoP: dpop });
  assert.equal(info.name, 'SIU Hoi Yan');
  assert.equal(info.birthdate, '1998-09-09');

  const again = await openid.refreshTokenGrant(config, tokens.refresh_token, undefined, {
    DPoP: dpop,
  });
  assert.equal((await openid.tokenIntrospection(config, again.access_token)).active, true);
  await openid.tokenRevocation(config, again.access_token);
  assert.equal((await openid.tokenIntrospection(config, again.access_token)).active, false);

  await byPhoneAlone(journey, { config, dpop, phone, sub, key: keys.privateKey });

  await journey.visit(resident.page, '/en/connections');
  await journey.picture(resident.page, 'connections');
  const out = openid.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: application.bye,
    state: 'bye',
  });
  await resident.page.goto(out.href);
  assert.equal(application.last().href, `${application.bye}?state=bye`);
  await assert.rejects(
    openid.fetchUserInfo(config, tokens.access_token, sub, { DPoP: dpop }),
    'what was granted in the session ends with it',
  );
}

async function publicJwk(key) {
  const jwk = await crypto.subtle.exportKey('jwk', key);
  return { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, kid: 'journey-1', use: 'sig' };
}

/** One person writes the registration, another puts it in force. */
async function register(journey, phone, jwk, application) {
  const author = await journey.person('author');
  await signIn(journey, author, phone, 'td-owner', '/en/desk/sign-in');
  await journey.visit(author.page, '/en/desk/clients/new');
  const form = author.page.locator('form#client');
  const fill = (name, value) => form.locator(`[name="${name}"]`).fill(value);
  await fill('id', ID);
  await fill('name_en', 'Parking permits');
  await fill('name_tc', '泊車許可證');
  await fill('sector', 'td');
  await fill('redirect_uris', application.callback);
  await fill('post_logout_redirect_uris', application.bye);
  await fill('keys', JSON.stringify({ keys: [jwk] }));
  for (const grant of ['refresh_token', 'urn:openid:params:grant-type:ciba']) {
    await form.locator(`[name=grants][value="${grant}"]`).check();
  }
  await fill('purpose-openid-en', 'To know you again');
  await fill('purpose-openid-tc', '識別你的身分');
  await form.locator('[name=scope-profile]').check();
  await fill('purpose-profile-en', 'To print your name on the permit');
  await fill('purpose-profile-tc', '在許可證上列印你的姓名');
  await journey.picture(author.page, 'form');
  await journey.press(author.page, form.locator('button.btn-primary').last());
  await journey.press(author.page, author.page.locator('form[action$="/submit"] button'));
  await journey.picture(author.page, 'submitted');

  const second = await journey.person('second');
  await signIn(journey, second, phone, 'td-supervisor', '/en/desk/sign-in');
  await journey.visit(second.page, '/en/desk/clients');
  await journey.press(second.page, second.page.locator(`a[href$="/clients/${ID}"]`));
  await journey.press(second.page, second.page.locator('button[name=choice][value=approve]'));
  await journey.picture(second.page, 'approved');
}

/** The whole of FAPI 2.0, with everything the library checks by itself. */
async function logIn(journey, { config, dpop, phone, resident, application }) {
  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const nonce = openid.randomNonce();
  const { page } = resident;
  const url = await openid.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: application.callback,
      scope: 'openid profile',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    },
    { DPoP: dpop },
  );
  await page.goto(url.href, { waitUntil: 'load' });
  await journey.look(page);
  assert.match(await page.locator('main').innerText(), /Sign in to Parking permits/);
  await approve(journey, page, phone.page, KEY);
  assert.match(await page.locator('main').innerText(), /To print your name on the permit/);
  await journey.picture(page, 'consent');
  await Promise.all([
    page.waitForURL(`${application.callback}**`),
    page.locator('button[name=choice][value=allow]').click(),
  ]);
  return openid.authorizationCodeGrant(
    config,
    application.last(),
    {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    },
    undefined,
    { DPoP: dpop },
  );
}

/** The department asks, the phone answers, no browser between them. */
async function byPhoneAlone(journey, { config, dpop, phone, sub, key }) {
  const request = await requestObject(journey, key, {
    scope: 'openid',
    login_hint: sub,
    binding_message: 'Permit 17',
  });
  const asked = await openid.initiateBackchannelAuthentication(config, { request });
  const polled = openid.pollBackchannelAuthenticationGrant(config, asked, undefined, {
    DPoP: dpop,
    signal: AbortSignal.timeout(POLL_WITHIN_MS),
  });
  await journey.visit(phone.page, `/en/demo/phone/${KEY}`);
  await journey.press(phone.page, phone.page.locator('main .card form button').first());
  const shown = await phone.page.locator('main').innerText();
  assert.match(shown, /Permit 17/);
  assert.ok(shown.includes(asked.binding_code), 'the phone shows the code of the answer');
  const yes = phone.page.locator('form:has(input[name=decision][value=approve]) button');
  await journey.press(phone.page, yes);
  const tokens = await polled;
  assert.equal(tokens.claims().sub, sub);
}

/** What is asked, signed: the library does this for browsers and leaves it to us without one. */
async function requestObject(journey, key, asked) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const head = part({ alg: 'ES256', typ: 'oauth-authz-req+jwt', kid: 'journey-1' });
  const body = part({
    ...asked,
    iss: ID,
    aud: new URL(journey.base).origin,
    jti: crypto.randomUUID(),
    iat: now,
    nbf: now,
    exp: now + 60,
  });
  const bytes = Buffer.from(`${head}.${body}`);
  const signed = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, bytes);
  return `${head}.${body}.${Buffer.from(signed).toString('base64url')}`;
}

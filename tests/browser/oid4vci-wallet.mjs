// A wallet of other makers against our issuer: @openid4vc/openid4vci fetches a licence, @sd-jwt
// verifies it and its status, and the inspector's own script judges its pass. A journey runs it; alone:
//   node tests/browser/oid4vci-wallet.mjs

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes, webcrypto as crypto } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { clientAuthenticationAnonymous } from '@openid4vc/oauth2';
import { Openid4vciClient } from '@openid4vc/openid4vci';
import { setGlobalConfig } from '@openid4vc/utils';
import { getListFromStatusListJWT } from '@sd-jwt/jwt-status-list';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import { checkCode, openStatusList, openTrustList } from '../../crates/portal/assets/verify/check.js';
import { showPass } from '../../crates/portal/assets/verify/codec.js';

// Loopback without TLS, as in the demonstration.
setGlobalConfig({ allowInsecureUrls: true });

const KIND = 'driving_licence';
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' };
const SHA = { name: 'ECDSA', hash: 'SHA-256' };
const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
const part = (value) => b64(JSON.stringify(value));

async function newKey() {
  const pair = await crypto.subtle.generateKey(ECDSA, false, ['sign', 'verify']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const sign = async (bytes) => new Uint8Array(await crypto.subtle.sign(SHA, pair.privateKey, bytes));
  return { jwk: { kty, crv, x, y }, sign };
}

async function verifyEs256(jwk, input, signature) {
  const key = await crypto.subtle.importKey('jwk', { kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y }, ECDSA, false, ['verify']);
  return crypto.subtle.verify(SHA, key, Buffer.from(signature, 'base64url'), Buffer.from(input));
}

// The wallet drops members it does not know, so the pass is read from the answer itself.
const seen = {};
async function listen(address, options) {
  const answer = await fetch(address, options);
  if (String(address).endsWith('/credentials/credential') && answer.ok) {
    seen.pass = (await answer.clone().json()).credentials[0].causeway_pass;
  }
  return answer;
}

function callbacks(keys) {
  const refuse = async () => assert.fail('no encryption was asked for');
  return {
    fetch: listen,
    hash: async (data, algorithm) => new Uint8Array(createHash(algorithm.replace('-', '')).update(data).digest()),
    generateRandom: async (count) => new Uint8Array(randomBytes(count)),
    clientAuthentication: clientAuthenticationAnonymous(),
    encryptJwe: refuse,
    decryptJwe: refuse,
    async signJwt(signer, { header, payload }) {
      const key = keys.find((one) => one.jwk.x === signer.publicJwk.x);
      const input = `${part(header)}.${part(payload)}`;
      return { jwt: `${input}.${b64(await key.sign(Buffer.from(input)))}`, signerJwk: key.jwk };
    },
    async verifyJwt(signer, { compact }) {
      const at = compact.lastIndexOf('.');
      const isGood = await verifyEs256(signer.publicJwk, compact.slice(0, at), compact.slice(at + 1));
      return { verified: isGood, signerJwk: signer.publicJwk };
    },
  };
}

class Issuer {
  static async start() {
    const issuer = new Issuer();
    issuer.process = spawn('cargo', ['run', '--quiet', '-p', 'credentials', '--example', 'issuer'], { stdio: ['pipe', 'pipe', 'inherit'] });
    issuer.lines = createInterface({ input: issuer.process.stdout })[Symbol.asyncIterator]();
    Object.assign(issuer, JSON.parse((await issuer.lines.next()).value));
    return issuer;
  }

  async order(word) {
    this.process.stdin.write(`${word}\n`);
    assert.equal((await this.lines.next()).value, 'done', word);
  }

  stop() {
    this.process.stdin.end('quit\n');
  }
}

const signer = (key) => ({ method: 'jwk', alg: 'ES256', publicJwk: key.jwk });

async function fetchLicence(issuer, device, dpopKey) {
  const client = new Openid4vciClient({ callbacks: callbacks([device, dpopKey]) });
  const offer = `openid-credential-offer://?credential_offer_uri=${encodeURIComponent(issuer.offer)}`;
  const credentialOffer = await client.resolveCredentialOffer(offer);
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
  assert.equal(issuerMetadata.originalDraftVersion, 'V1');
  const token = (txCode) =>
    client.retrievePreAuthorizedCodeAccessTokenFromOffer({ credentialOffer, issuerMetadata, txCode, dpop: { signer: signer(dpopKey) } });
  await assert.rejects(token('000000'), (error) => error.errorResponse?.error === 'invalid_grant');
  const { accessTokenResponse, dpop } = await token(issuer.tx_code);
  assert.equal(accessTokenResponse.token_type, 'DPoP');
  const accessToken = accessTokenResponse.access_token;
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata });
  const { jwt } = await client.createCredentialRequestJwtProof({ issuerMetadata, credentialConfigurationId: KIND, nonce, signer: signer(device) });
  const ask = { issuerMetadata, accessToken, credentialConfigurationId: KIND, proofs: { jwt: [jwt] } };
  const dpopAgain = { ...dpop, signer: signer(dpopKey) };
  const { credentialResponse } = await client.retrieveCredentials({ ...ask, dpop: dpopAgain });
  await assert.rejects(client.retrieveCredentials({ ...ask, dpop: dpopAgain }), /invalid_nonce|nonce/);
  await client.sendNotification({
    issuerMetadata, accessToken, dpop: dpopAgain,
    notification: { notificationId: credentialResponse.notification_id, event: 'credential_accepted' },
  });
  return { credential: credentialResponse.credentials[0].credential, pass: seen.pass };
}

function verifier(issuer, jwks) {
  const find = (token) => {
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));
    return jwks.find((key) => key.kid === kid);
  };
  const hasher = async (data, alg) => new Uint8Array(createHash(alg.replace('-', '')).update(Buffer.from(data)).digest());
  return new SDJwtVcInstance({
    hasher,
    hashAlg: 'sha-256',
    verifier: async (input, signature) => verifyEs256(find(input), input, signature),
    statusVerifier: async () => true,
    statusListFetcher: async (uri) => (await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } })).text(),
  });
}

async function inspector(base) {
  const { trust_list: token } = await (await fetch(`${base}/credentials/trust-list`)).json();
  const { x5c } = JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));
  assert.equal(x5c.length, 1);
  // In the browser the page carries the anchor; here the list's own status keys stand in for it.
  const anchors = JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).status_keys;
  const trust = await openTrustList(token, anchors);
  const lists = {};
  for (const uri of trust.status_lists) {
    const answer = await fetch(uri, { headers: { accept: 'application/statuslist+cwt' } });
    lists[uri] = await openStatusList(new Uint8Array(await answer.arrayBuffer()), uri, trust);
  }
  return { trust, lists };
}

async function outcomes(base, pass, key) {
  const code = await showPass(pass, key.sign);
  const offline = await checkCode(code, await inspector(base), 'en');
  const body = JSON.stringify({ code, lang: 'en' });
  const online = await (await fetch(`${base}/credentials/verify`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json();
  assert.equal(offline.outcome, online.outcome, 'page and server disagree');
  assert.equal(offline.light, online.light);
  assert.deepEqual(offline.licence?.claims, online.licence?.claims);
  return offline.outcome;
}

async function oldCode(base, pass, key) {
  const data = await inspector(base);
  const code = await showPass(pass, key.sign);
  const later = Math.floor(Date.now() / 1000) + 61;
  assert.equal((await checkCode(code, data, 'en', later)).outcome, 'screen_stale');
  assert.equal((await checkCode(pass, data, 'tc')).outcome, 'valid_on_paper');
  assert.equal((await checkCode(code, { ...data, lists: {} }, 'en')).outcome, 'unresolvable_status_list');
  assert.equal((await checkCode(code, { ...data, trust: { ...data.trust, issuers: [] } }, 'en')).outcome, 'issuer_not_accepted');
  let refused = 0;
  for (let at = 4; at < code.length; at += 7) {
    const letter = code[at] === '0' ? '1' : '0';
    const changed = code.slice(0, at) + letter + code.slice(at + 1);
    const { outcome } = await checkCode(changed, data, 'en');
    assert.notEqual(outcome, 'valid', `changed at ${at}`);
    refused += 1;
  }
  return refused;
}

export async function fetchAndCheck() {
  const issuer = await Issuer.start();
  try {
    const device = await newKey();
    const { credential, pass } = await fetchLicence(issuer, device, await newKey());
    const { keys } = await (await fetch(`${issuer.base}/credentials/jwks`)).json();
    const sdJwt = verifier(issuer, keys);
    const { payload } = await sdJwt.verify(credential);
    const claims = await sdJwt.getClaims(credential);
    assert.equal(claims.name_tc, '陳大文');
    assert.deepEqual(claims.classes, ['1', '2']);
    assert.equal(payload.cnf.jwk.x, device.jwk.x);
    const { idx, uri } = payload.status.status_list;
    const entry = async () => getListFromStatusListJWT(await (await fetch(uri)).text()).getStatus(idx);
    assert.equal(await entry(), 0);
    assert.equal(await outcomes(issuer.base, pass, device), 'valid');
    assert.equal(await outcomes(issuer.base, pass, await newKey()), 'holder_binding_mismatch');
    const changed = await oldCode(issuer.base, pass, device);
    await issuer.order('suspend');
    assert.equal(await entry(), 2);
    await assert.rejects(sdJwt.verify(credential));
    assert.equal(await outcomes(issuer.base, pass, device), 'credential_suspended');
    await issuer.order('reinstate');
    await sdJwt.verify(credential);
    assert.equal(await outcomes(issuer.base, pass, device), 'valid');
    await issuer.order('revoke');
    assert.equal(await entry(), 1);
    await assert.rejects(sdJwt.verify(credential));
    assert.equal(await outcomes(issuer.base, pass, device), 'credential_revoked');
    console.log(`ok: fetched, verified, suspended, reinstated, revoked; ${changed} changed codes refused`);
  } finally {
    issuer.stop();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await fetchAndCheck();

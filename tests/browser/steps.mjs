// What people do again and again: approve on the phone, answer pages, pay.
//
// Everything is found by what does not change with the language: names of fields, classes of
// components, addresses. A journey in Chinese is the same journey.

import assert from 'node:assert/strict';

const PAGES_OF_ONE_APPLICATION = 25;
const ON_PHONE_WITHIN_MS = 20_000;

/** The language of the page a person is on. */
export function languageOf(page) {
  return new URL(page.url()).pathname.split('/')[1];
}

/** Starts at any page with a sign-in link or at `path`, and ends where sign-in was asked for. */
export async function signIn(journey, person, phone, key, path) {
  await journey.visit(person.page, path);
  await approve(journey, person.page, phone.page, key);
}

/**
 * The browser shows a question for the phone; the simulated phone of `key` finds it by the typed
 * reference, sees the same code, and answers. Ends when the browser has gone on.
 */
export async function approve(journey, page, phone, key, decision = 'approve') {
  const reference = (await page.locator('.ask-reference').textContent()).trim();
  const code = (await page.locator('.code-digits').textContent()).trim();
  await journey.visit(phone, `/${languageOf(page)}/demo/phone`);
  await phone.locator('select[name=person]').selectOption(key);
  await phone.locator('input[name=reference]').fill(reference);
  await journey.press(phone, phone.locator('main form#form button').first());
  assert.equal((await phone.locator('.code-digits').textContent()).trim(), code, 'the codes differ');
  const answer = phone.locator(`form:has(input[name=decision][value=${decision}]) button`);
  await journey.press(phone, answer);
  // With a script the page notices; without one it reloads by itself.
  const isElsewhere = (url) => !url.pathname.includes('/approvals/');
  if (decision === 'approve') await page.waitForURL(isElsewhere, { timeout: ON_PHONE_WITHIN_MS });
  await page.waitForLoadState('load');
  await journey.look(page);
}

/** Answers page after page of a draft with what `answers` says, up to the check page. */
export async function answerAll(journey, page, answers) {
  for (let count = 0; count < PAGES_OF_ONE_APPLICATION; count += 1) {
    if (new URL(page.url()).pathname.endsWith('/check')) return;
    const form = page.locator('form#answers');
    assert.ok(await form.count(), `${page.url()} is neither a page of questions nor the check page`);
    await answerPage(journey, page, answers);
    const before = page.url();
    await journey.press(page, page.locator('form#answers button.btn-primary').last());
    if (page.url() === before) {
      const said = await page.locator('.errors, .error').allInnerTexts();
      // An answer may bring up more questions on its own page.
      if (said.length === 0) continue;
      assert.fail(`${before} was not accepted: ${said.join(' / ')}`);
    }
  }
  assert.fail(`more than ${PAGES_OF_ONE_APPLICATION} pages`);
}

/** Answers the questions of this page that `answers` knows; verified ones stay as they are. */
export async function answerPage(journey, page, answers) {
  for (const [name, answer] of Object.entries(answers)) {
    if (answer?.file) await upload(journey, page, name, answer.file);
    else if (answer?.date) await fillParts(page, name, dateParts(answer.date));
    else if (answer?.address) await fillParts(page, name, answer.address);
    else await fillOne(page, name, answer);
  }
}

async function fillOne(page, name, answer) {
  const field = page.locator(`form#answers [name="${name}"]`);
  if ((await field.count()) === 0) return;
  const kind = await field.first().evaluate((e) => (e.tagName === 'INPUT' ? e.type : e.tagName));
  if (kind === 'radio' || kind === 'checkbox') {
    for (const value of [answer].flat()) {
      const choice = page.locator(`form#answers [name="${name}"][value="${value}"]`);
      assert.ok(await choice.count(), `${page.url()}: ${name} has no choice ${value}`);
      await choice.check();
    }
  } else if (kind === 'SELECT') {
    await field.selectOption(answer);
  } else if (await field.isEditable()) {
    await field.fill(answer);
  }
}

async function fillParts(page, name, parts) {
  for (const [part, value] of Object.entries(parts)) await fillOne(page, `${name}-${part}`, value);
}

function dateParts(text) {
  const [year, month, day] = text.split('-');
  return { day, month, year };
}

async function upload(journey, page, name, file) {
  const field = page.locator(`form#answers input[type=file][name="${name}"]`);
  if ((await field.count()) === 0) return;
  await field.setInputFiles(file);
  await journey.press(page, page.locator(`form#answers button[name=upload][value="${name}"]`));
  const received = page.locator(`#${name} .file-name`, { hasText: file.name });
  assert.ok(await received.count(), `${page.url()}: ${file.name} is not among the received files`);
}

/** From the bill through the sandbox bank and back: the method, and what the bank is told to do. */
export async function pay(journey, page, { method = 'card', bank = 'approve' } = {}) {
  await page.locator(`input[name=method][value=${method}]`).check();
  await journey.press(page, page.locator('form#form button.btn-primary'));
  const toBank = page.locator('a[href*="/sandbox-bank/"]');
  if (await toBank.count()) await journey.press(page, toBank.first());
  await page.locator(`input[name=choice][value=${bank}]`).check();
  await journey.press(page, page.locator('form#form button.btn-primary'));
  await page.waitForURL((url) => !url.pathname.startsWith('/sandbox-bank/'), { timeout: 1 }).catch(
    () => journey.press(page, page.locator('main a.btn-primary')),
  );
}

/** A small, true PDF. */
export function pdf(name) {
  const body = '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n'
    + '2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n'
    + '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n'
    + 'trailer<</Root 1 0 R>>\n%%EOF\n';
  return { name, mimeType: 'application/pdf', buffer: Buffer.from(body) };
}

/** A program that says it is a picture. */
export function disguised(name) {
  const buffer = Buffer.from('MZ\u0090\u0000This program cannot be run in DOS mode.');
  return { name, mimeType: 'image/png', buffer };
}

/** An officer opens the case with this reference from the inbox and says why. */
export async function openCase(journey, page, reference) {
  await journey.visit(page, `/${languageOf(page)}/desk`);
  await journey.press(page, page.locator('main table a', { hasText: reference }));
  const reason = page.locator('main form:has(input[name=why])');
  if (await reason.count()) await journey.press(page, reason.locator('button.btn-primary'));
  assert.equal((await page.locator('.reference').first().textContent()).trim(), reference);
}

/** An officer takes one of the actions that the case offers. */
export async function act(journey, page, action, { reason, field } = {}) {
  await journey.press(page, page.locator(`main a[href$="/actions/${action}"]`));
  if (reason) await page.locator('[name=reason]').fill(reason);
  if (field) await page.locator(`[name=field][value=${field}]`).check();
  await journey.press(page, page.locator('main form#form button.btn-primary'));
}

/** Applies for a service as the signed-in person, up to the reference number. */
export async function apply(journey, page, service, answers, signing) {
  const path = `/${languageOf(page)}/services/${service}`;
  if (new URL(page.url()).pathname !== path) await journey.visit(page, path);
  const begin = page.locator('main form[action$="/start"] button, main a.btn[href*="/drafts/"]');
  await journey.press(page, begin.first());
  if (new URL(page.url()).pathname.endsWith('/known')) {
    await journey.press(page, page.locator('button[name=fill][value=yes]'));
  }
  // A draft that was begun before shows its parts, and leads on to the next one.
  const isOverview = /^\/[a-z]+\/drafts\/[^/]+$/.test(new URL(page.url()).pathname);
  if (isOverview) await journey.press(page, page.locator('main a.btn-primary'));
  await answerAll(journey, page, answers);
  await journey.press(page, page.locator('main form#form button.btn-primary'));
  await pay(journey, page);
  await journey.press(page, page.locator('main a.btn-primary'));
  await journey.press(page, page.locator('main form#form button.btn-primary'));
  await signing();
  assert.match(new URL(page.url()).pathname, /^\/(en|tc|sc)\/applications\/[^/]+\/done$/);
  const reference = (await page.locator('.reference').textContent()).trim();
  assert.ok(reference, 'there is no reference number');
  return reference;
}

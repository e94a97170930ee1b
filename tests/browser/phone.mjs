// A real phone: /app in a browser of its own, with a key that stays there.

import assert from 'node:assert/strict';

/** Sets up the phone with the (made-up) card of `name`, at plus level. */
export async function enrol(journey, page, name) {
  await journey.visit(page, '/app?lang=en');
  const form = page.locator('form#enrol');
  await form.waitFor();
  await journey.look(page);
  // Who has a phone already stands further down: a new one takes its place.
  const own = page.getByText(name).first();
  if (!(await own.isVisible())) await page.locator('section.inset details summary').click();
  await page.getByRole('button', { name }).click();
  await page.locator('input[name=level][value=plus]').check();
  await journey.tap(page, form.locator('button.btn-primary'), page.locator('p.simulated').first());
  const welcomed = page.locator('h1', { hasText: name });
  await journey.tap(page, page.locator('main button.btn-primary'), welcomed);
  await journey.tap(page, page.locator('main button.btn-primary'), page.locator('#waiting'));
}

/** Types the reference the browser shows, compares the code, and answers. */
export async function answerOnPhone(journey, browserPage, page, decision = 'approve') {
  const reference = (await browserPage.locator('.ask-reference').textContent()).trim();
  const code = (await browserPage.locator('.code-digits').textContent()).trim();
  await page.goto('/app#/home');
  const typed = page.locator('input[name=reference]');
  await typed.waitFor();
  await typed.fill(reference);
  const digits = page.locator('.code-digits');
  await journey.tap(page, page.locator('form:has(input[name=reference]) button'), digits);
  assert.equal((await digits.textContent()).trim(), code, 'the codes differ');
  const answer = decision === 'approve' ? '.btn-primary' : '.btn-secondary';
  const over = page.locator('main a[href="#/home"]');
  await journey.tap(page, page.locator(`main .buttons button${answer}`), over);
}

/** Waits until the browser has gone on after an approval. */
export async function wentOn(journey, page) {
  await page.waitForURL((url) => !url.pathname.includes('/approvals/'), { timeout: 20_000 });
  await page.waitForLoadState('load');
  await journey.look(page);
}

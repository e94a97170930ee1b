// A resident applies with a keyboard and nothing else: from the first page to the reference number.
// At each stop the focus can be seen, and nothing lies over it.

import assert from 'node:assert/strict';

import { RENEWAL } from './answers.mjs';
import { approve } from './steps.mjs';

const KEY = 'cheung-ka-yan';
const STOPS_OF_ONE_PAGE = 150;
const PAGES_OF_ONE_APPLICATION = 25;
const CHOICES_OF_ONE_QUESTION = 40;
const TYPED = ['text', 'search', 'email', 'tel', 'number', 'date'];

export default async function keyboardOnly(journey) {
  const { page } = await journey.person('resident');
  const phone = await journey.person('phone');
  const user = new Keyboard(journey, page);

  await journey.visit(page, '/en');
  await skipsToContent(user);
  await user.goTo('main input[type=search], main input[name=q]');
  await page.keyboard.type('renew driving licence');
  await user.enter();
  await user.follow('main a[href$="/services/td-full-driving-licence-renewal"]');
  await user.follow('main form[action$="/start"] button, main a[href*="/sign-in"]');
  if (page.url().includes('/approvals/')) await approve(journey, page, phone.page, KEY);
  if (!page.url().includes('/drafts/')) await user.follow('main form[action$="/start"] button');
  await user.follow('button[name=fill][value=yes]');
  await answers(user);
  await user.follow('main form#form button.btn-primary');
  await user.choose('method', 'card');
  await user.follow('main form#form button.btn-primary');
  await user.choose('choice', 'approve');
  await user.follow('main form#form button.btn-primary');
  for (let count = 0; count < 3 && !page.url().includes('/sign'); count += 1) {
    await page.locator('main a.btn-primary').waitFor();
    await user.follow('main a.btn-primary');
  }
  await user.follow('main form#form button.btn-primary');
  await approve(journey, page, phone.page, KEY);
  assert.match(new URL(page.url()).pathname, /\/applications\/[^/]+\/done$/);
}

/** The first stop of a page leads past its head. */
async function skipsToContent(user) {
  await user.page.keyboard.press('Tab');
  const href = await user.page.evaluate(() => document.activeElement.getAttribute('href'));
  assert.match(href ?? '', /^#/, 'the first stop does not lead to the content');
  await user.page.keyboard.press('Enter');
  await user.page.keyboard.press('Tab');
  const isInside = await user.page.evaluate(() => !!document.activeElement.closest('main'));
  assert.ok(isInside, 'the skip link does not lead into the page');
}

/** Every page of questions, each sent by Enter in its last typed answer where it has one. */
async function answers(user) {
  const { page } = user;
  for (let count = 0; count < PAGES_OF_ONE_APPLICATION; count += 1) {
    if (new URL(page.url()).pathname.endsWith('/check')) return;
    const before = page.url();
    const typed = await user.fillPage(RENEWAL);
    if (typed) {
      await isSaved(page);
      await user.goTo(`form#answers [name="${typed}"]`);
      await user.enter();
    } else {
      await user.follow('form#answers button.btn-primary');
    }
    const said = await page.locator('.errors, .error').allInnerTexts();
    if (page.url() === before && said.length > 0) assert.fail(`${before}: ${said.join(' / ')}`);
    assert.equal(new URL(page.url()).pathname.split('/')[1], 'en', 'Enter changed the language');
  }
  assert.fail(`more than ${PAGES_OF_ONE_APPLICATION} pages`);
}

/** A person who stops to think: the page saves by itself, and its own post is welcome all the same. */
async function isSaved(page) {
  await page.waitForFunction(() => {
    const form = document.querySelector('form[data-autosave]');
    return !form || form.querySelector('[data-autosave-status]').textContent === form.dataset.saved;
  });
}

class Keyboard {
  constructor(journey, page) {
    this.journey = journey;
    this.page = page;
  }

  /** Tab after Tab until the focus is on what `selector` finds. */
  async goTo(selector) {
    for (let count = 0; count < STOPS_OF_ONE_PAGE; count += 1) {
      if (await this.#isOn(selector)) return;
      await this.#next();
    }
    assert.fail(`${this.page.url()}: no Tab leads to ${selector}`);
  }

  /** Goes to a link or button, presses Enter and looks at the page it leads to. */
  async follow(selector) {
    await this.goTo(selector);
    await this.enter();
  }

  async enter() {
    const { page } = this;
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('Enter')]);
    await this.journey.look(page);
  }

  /** Arrow keys until the wanted one of a group is chosen. */
  async choose(name, value) {
    await this.goTo(`[name="${name}"]`);
    await this.page.keyboard.press('Space');
    for (let count = 0; count < CHOICES_OF_ONE_QUESTION; count += 1) {
      const chosen = this.page.locator(`[name="${name}"][value="${value}"]`);
      if (await chosen.isChecked()) return;
      await this.page.keyboard.press('ArrowDown');
    }
    assert.fail(`${this.page.url()}: the keyboard does not reach ${name} = ${value}`);
  }

  /** Fills in the questions of this page; gives the name of the last one that was typed. */
  async fillPage(wanted) {
    const flat = flatten(wanted);
    let typed = null;
    await this.page.locator('h1').first().evaluate((heading) => {
      heading.tabIndex = -1;
      heading.focus();
    });
    const seen = new Set();
    for (let count = 0; count < STOPS_OF_ONE_PAGE; count += 1) {
      await this.#next();
      const stop = await this.#stop();
      if (!stop.isAnswer) {
        if (seen.size > 0 && stop.isSubmit) break;
        if (stop.isEnd) break;
        continue;
      }
      const key = `${stop.name}=${stop.type === 'checkbox' ? stop.value : ''}`;
      if (seen.has(key)) break;
      seen.add(key);
      if (await this.#answer(stop, flat.get(stop.name))) typed = stop.name;
    }
    return typed;
  }

  /** Answers the field under the focus; gives whether it was typed. */
  async #answer(stop, value) {
    const { page } = this;
    if (value === undefined || stop.isReadOnly) return false;
    if (stop.type === 'radio') await this.choose(stop.name, value);
    else if (stop.type === 'checkbox') {
      if ([value].flat().includes(stop.value) && !stop.isChecked) await page.keyboard.press('Space');
    } else if (stop.type === 'select') {
      for (let count = 0; count < CHOICES_OF_ONE_QUESTION; count += 1) {
        if ((await page.evaluate(() => document.activeElement.value)) === value) break;
        await page.keyboard.press('ArrowDown');
      }
    } else if (TYPED.includes(stop.type)) {
      await page.keyboard.press('Control+A');
      await page.keyboard.type(value);
      return true;
    }
    return false;
  }

  /** One Tab on, and what a person would see there. */
  async #next() {
    await this.page.keyboard.press('Tab');
    const fault = await this.page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      const label = element.labels?.[0] ?? element;
      const ring = [style, getComputedStyle(label)].some(
        (one) => (one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) > 0) || one.boxShadow !== 'none',
      );
      if (!ring) return 'the focus cannot be seen';
      const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      const isFree = top && (element.contains(top) || top.contains(element) || label.contains(top));
      if (box.bottom < 0 || box.top > innerHeight) return 'the focus is outside the window';
      return isFree ? null : `the focus lies under ${top?.outerHTML.slice(0, 80)}`;
    });
    if (fault) {
      const html = await this.page.evaluate(() => document.activeElement.outerHTML.slice(0, 120));
      this.journey.complain(`keyboard: ${fault}: ${html}`, this.page.url());
    }
  }

  #isOn(selector) {
    return this.page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
  }

  #stop() {
    return this.page.evaluate(() => {
      const element = document.activeElement;
      return {
        name: element.name ?? '',
        value: element.value ?? '',
        type: element.tagName === 'SELECT' ? 'select' : element.type || 'text',
        isChecked: element.checked ?? false,
        isReadOnly: element.readOnly ?? false,
        isAnswer: element.form?.id === 'answers' && element.tagName !== 'BUTTON',
        isSubmit: element.matches('form#answers button.btn-primary'),
        isEnd: element === document.body,
      };
    });
  }
}

/** Answers by name of field, as the page calls it. */
function flatten(wanted) {
  const flat = new Map();
  for (const [name, answer] of Object.entries(wanted)) {
    if (answer?.date) {
      const [year, month, day] = answer.date.split('-');
      for (const [part, value] of Object.entries({ year, month, day })) flat.set(`${name}-${part}`, value);
    } else if (answer?.address) {
      for (const [part, value] of Object.entries(answer.address)) flat.set(`${name}-${part}`, value);
    } else {
      flat.set(name, answer);
    }
  }
  return flat;
}

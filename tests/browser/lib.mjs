// What every journey uses: people with their own browser windows, and a close look at each page.
//
// A look is strict: zero axe violations, nothing wider than the window, a title, a language, and
// nothing on the console, which is also where the browser reports what the page's security policy
// refused. Nobody may reach any host but the one under test.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';

import { chromium } from 'playwright-core';

import { ARTIFACTS } from './causeway.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** A folder to keep every opened page in, for an HTML validator. */
const KEEP_PAGES = process.env.CAUSEWAY_KEEP_PAGES;
const STEP_WITHIN_MS = 15_000;

export const PHONE = { width: 360, height: 740 };
export const DESKTOP = { width: 1280, height: 900 };

/** Starts the browser. The flags keep it from calling anybody by itself. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

async function keep(response) {
  const type = response.headers()['content-type'] ?? '';
  if (!response.request().isNavigationRequest() || !type.startsWith('text/html')) return;
  const html = await response.text().catch(() => '');
  if (!html) return;
  const path = new URL(response.url()).pathname.replace(/[^a-z0-9]+/gi, '-').slice(0, 120);
  const digest = createHash('sha256').update(html).digest('hex').slice(0, 8);
  await writeFile(join(KEEP_PAGES, `${path}-${digest}.html`), html);
}

/** One journey's view of the world: opens windows for people and remembers what went wrong. */
export class Journey {
  constructor(name, browser, base) {
    this.name = name;
    this.browser = browser;
    this.base = base;
    this.looks = 0;
    this.complaints = new Map();
    this.people = [];
  }

  /** A person with a browser of their own (cookies, storage), at a window size. */
  async person(who, { size = DESKTOP, script = true, locale = 'en-HK' } = {}) {
    const context = await this.browser.newContext({
      baseURL: this.base,
      viewport: size,
      javaScriptEnabled: script,
      locale,
      timezoneId: 'Asia/Hong_Kong',
    });
    context.setDefaultTimeout(STEP_WITHIN_MS);
    await context.route(
      (url) => !url.href.startsWith(this.base) && url.protocol.startsWith('http'),
      (route) => {
        const asked = new URL(route.request().url());
        this.complain(`the page asked for ${asked.origin}${asked.pathname}`, who);
        return route.abort();
      },
    );
    if (KEEP_PAGES) context.on('response', keep);
    context.on('page', (page) => this.#listen(who, page));
    const page = await context.newPage();
    page.hasScript = script;
    const person = { who, context, page };
    this.people.push(person);
    return person;
  }

  #listen(who, page) {
    page.on('pageerror', (error) => this.complain(`script: ${error}`, `${who}: ${page.url()}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && !page.expectsErrors) {
        this.complain(`console: ${message.text()}`, `${who}: ${page.url()}`);
      }
    });
  }

  /** Opens a page of the site and looks at it closely. */
  async visit(page, path, { status = 200 } = {}) {
    page.expectsErrors = status >= 400;
    const response = await page.goto(path, { waitUntil: 'load' });
    assert.equal(response.status(), status, `${path} answers ${response.status()}`);
    await this.look(page);
    page.expectsErrors = false;
  }

  /** Presses something that leads to the next page, and looks at that page closely. */
  async press(page, locator) {
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), locator.click()]);
    await this.look(page);
  }

  /** Presses something that changes the page in place, waits for `next`, and looks closely. */
  async tap(page, locator, next) {
    await locator.click();
    await next.waitFor();
    await this.look(page);
  }

  /** The close look. What it finds is remembered, and fails the journey at its end. */
  async look(page) {
    this.looks += 1;
    const where = `${page.url()} at ${page.viewportSize().width} px`;
    const facts = await page.evaluate(() => ({
      title: document.title,
      lang: document.documentElement.lang,
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      widest: [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
        .slice(0, 3)
        .map((element) => element.outerHTML.slice(0, 120)),
    }));
    if (!facts.title.trim()) this.complain('the page has no title', where);
    if (!facts.lang) this.complain('the page has no language', where);
    if (facts.wide > 0) this.complain(`wider than the window: ${facts.widest.join(' ')}`, where);
    for (const defect of await this.#axe(page)) this.complain(defect, where);
  }

  /** Remembers a defect and where it was first seen. */
  complain(what, where) {
    if (!this.complaints.has(what)) this.complaints.set(what, where);
  }

  async #axe(page) {
    if (!page.hasScript) return this.#axeOfTwin(page);
    if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
    return page.evaluate(async (tags) => {
      const { violations } = await globalThis.axe.run(document, {
        runOnly: tags,
        resultTypes: ['violations'],
      });
      return violations.flatMap(({ id, help, nodes }) =>
        nodes.slice(0, 3).map((node) => `axe ${id}: ${help}: ${node.html.slice(0, 160)}`),
      );
    }, AXE_TAGS);
  }

  /**
   * axe is a script, so where scripts are off it reads a twin: the same document and styles in a
   * window of its own, without the page's scripts and with what <noscript> shows.
   */
  async #axeOfTwin(page) {
    const body = (await page.content())
      .replaceAll(/<\/?noscript[^>]*>/g, '')
      .replaceAll(/<meta[^>]*http-equiv="refresh"[^>]*>/gi, '');
    const context = await this.browser.newContext({ viewport: page.viewportSize() });
    try {
      const twin = await context.newPage();
      twin.hasScript = true;
      await twin.route('**', (route) => {
        if (route.request().isNavigationRequest()) {
          return route.fulfill({ body, contentType: 'text/html; charset=utf-8' });
        }
        return route.request().resourceType() === 'script' ? route.abort() : route.continue();
      });
      await twin.goto(page.url(), { waitUntil: 'load' });
      return await this.#axe(twin);
    } finally {
      await context.close();
    }
  }

  /** Keeps a picture, for people who want to see what the journey saw. */
  async picture(page, label) {
    await mkdir(ARTIFACTS, { recursive: true });
    const file = `${this.name}-${label}.png`.replaceAll(/[^a-z0-9.-]+/gi, '-');
    await page.screenshot({ path: join(ARTIFACTS, file), fullPage: true });
  }

  /** Keeps what everybody saw last, and closes all windows. */
  async end({ failed }) {
    for (const { who, context } of this.people) {
      for (const [index, page] of context.pages().entries()) {
        if (failed) await this.picture(page, `failed-${who}-${index}`).catch(() => {});
      }
      await context.close();
    }
  }
}

// Follows every link of the site and looks closely at each page: in three languages, from the narrowest
// window to the widest, by day and by night.

import assert from 'node:assert/strict';

import { DESKTOP, PHONE } from './lib.mjs';

const NARROWEST = { width: 320, height: 640 };
const WIDEST = { width: 1920, height: 1080 };
/**
 * Each page is opened in each language, by day or by night, and seen at these widths. The first gives the
 * links to go on with.
 */
const VIEWS = {
  en: { colours: 'light', sizes: [WIDEST, NARROWEST] },
  tc: { colours: 'light', sizes: [DESKTOP, PHONE] },
  sc: { colours: 'dark', sizes: [DESKTOP, NARROWEST] },
};
/** Pages of one kind (siblings under one path): enough to meet each template with real content. */
const SIBLINGS = 5;
const PAGES = 200;

/**
 * Crawls from `start` (a path in English) inside what `belongs` says is part of the walk.
 * Gives the paths that were opened.
 */
export async function crawl(journey, page, start, belongs = () => true) {
  const found = new Set([start]);
  const perParent = new Map();
  for (const path of found) {
    for (const link of await openEverywhere(journey, page, path)) {
      const parent = link.replace(/[^/]*$/, '');
      const count = perParent.get(parent) ?? 0;
      if (found.has(link) || !belongs(link) || count >= SIBLINGS) continue;
      perParent.set(parent, count + 1);
      found.add(link);
    }
    assert.ok(found.size <= PAGES, `more than ${PAGES} pages; the last was ${path}`);
  }
  return [...found];
}

/** Opens one page in each language and looks at it in each width; gives the links of the first. */
async function openEverywhere(journey, page, path) {
  let links;
  for (const [language, { colours, sizes }] of Object.entries(VIEWS)) {
    const [first, ...others] = sizes;
    await page.emulateMedia({ colorScheme: colours });
    await page.setViewportSize(first);
    await journey.visit(page, path.replace(/^\/en(?=\/|$)/, `/${language}`));
    links ??= await linksOf(page);
    for (const size of others) {
      await page.setViewportSize(size);
      await journey.look(page);
    }
  }
  return links;
}

/** Paths of pages this page leads to, without query, fragment, downloads and other sites. */
async function linksOf(page) {
  const hrefs = await page
    .locator('a[href]:not([download]):not([target="_blank"])')
    .evaluateAll((all) => all.map((link) => link.href));
  const here = new URL(page.url()).origin;
  const paths = hrefs
    .map((href) => new URL(href))
    .filter((url) => url.origin === here && !/\.[a-z0-9]{2,5}$/i.test(url.pathname))
    .map((url) => url.pathname)
    .filter((path) => path.startsWith('/en'));
  return [...new Set(paths)];
}

// The first view of a page costs under 100 kB, all files together, as they travel; and nothing on it moves.

import { expect, mainPages, test } from "./support.js";

const BUDGET = 100_000;
/// Chromium calls up to a tenth good.
const SHIFT = 0.01;

/// How much of the page has moved so far, as browsers measure it.
function layoutShift() {
  return new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) sum += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    // What is buffered is told before the next frame but one.
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
  });
}

/// What a page costs in a browser that has seen nothing of this portal yet but is signed in.
async function firstView(browser, cookies, url, javaScriptEnabled) {
  const context = await browser.newContext({ javaScriptEnabled });
  await context.addCookies(cookies);
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  await client.send("Network.enable");
  const urls = new Map();
  const sizes = [];
  client.on("Network.responseReceived", ({ requestId, response }) => urls.set(requestId, response.url));
  client.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => sizes.push([urls.get(requestId), encodedDataLength]));
  await page.goto(url, { waitUntil: "networkidle" });
  const shift = javaScriptEnabled ? await page.evaluate(layoutShift) : 0;
  await context.close();
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  return { total, shift, files: sizes.map(([url]) => url) };
}

for (const javaScriptEnabled of [true, false]) {
  test(`every page is small ${javaScriptEnabled ? "and stands still with" : "without"} JavaScript`, async ({ demo, browser, openBrowser }) => {
    test.setTimeout(180_000);
    const found = [];
    let largest = { total: 0 };
    for (const [page, name, url] of await mainPages(demo, openBrowser)) {
      const { total, shift, files } = await firstView(browser, await page.context().cookies(), url, javaScriptEnabled);
      if (total >= BUDGET) found.push(`${name}: ${total} bytes`);
      if (shift > SHIFT) found.push(`${name} moves by ${shift}`);
      if (total > largest.total) largest = { name, total, files: files.length };
      // The list of portals has no island, and so no program.
      if (name === "directory") {
        expect(files.some((file) => file.endsWith(".wasm"))).toBe(false);
        expect(total).toBeLessThan(20_000);
      }
      if (name === "sign-in") expect(files.some((file) => file.endsWith(".wasm"))).toBe(javaScriptEnabled);
    }
    console.log(`the largest first view is ${largest.name}: ${largest.total} bytes in ${largest.files} files`);
    expect(found).toEqual([]);
  });
}

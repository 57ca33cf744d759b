// The first view of a page costs under 100 kB, all files together, as they travel.

import { expect, test } from "./support.js";

const BUDGET = 100_000;

async function firstView(openBrowser, url) {
  const page = await openBrowser();
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  const urls = new Map();
  const sizes = [];
  client.on("Network.responseReceived", ({ requestId, response }) => urls.set(requestId, response.url));
  client.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => sizes.push([urls.get(requestId), encodedDataLength]));
  await page.goto(url, { waitUntil: "networkidle" });
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  console.log(`${new URL(url).pathname}: ${total} bytes in ${sizes.length} files`);
  return { page, total, files: sizes.map(([url]) => url) };
}

test("pages without islands load no wasm, pages with islands stay small", async ({ demo, openBrowser }) => {
  const signIn = await firstView(openBrowser, `${demo.portal("weather")}/sign-in`);
  expect(signIn.files.some((file) => file.endsWith(".wasm"))).toBe(true);
  expect(signIn.total).toBeLessThan(BUDGET);

  const page = signIn.page;
  await page.getByLabel("Email").fill("ada@example.com");
  await page.getByLabel("Password").fill("weather or not");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Welcome to Weather" }).waitFor();
  const cookies = await page.context().cookies();

  const open = async () => {
    const fresh = await openBrowser();
    await fresh.context().addCookies(cookies);
    return fresh;
  };
  const catalogue = await firstView(open, `${demo.portal("weather")}/`);
  await expect(catalogue.page.getByRole("link", { name: "Maps" })).toBeVisible();
  expect(catalogue.total).toBeLessThan(BUDGET);

  const directory = await firstView(openBrowser, `${demo.base}/`);
  expect(directory.files.some((file) => file.endsWith(".wasm"))).toBe(false);
  expect(directory.total).toBeLessThan(15_000);
});

// A picture of each main page, light and dark, at a desk and on a phone, under target/screenshots.

import { mkdir } from "node:fs/promises";
import { expect, mainPages, test } from "./support.js";

const FOLDER = "../target/screenshots";
const SIZES = { desk: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };

test("the main pages", async ({ demo, openBrowser }) => {
  test.setTimeout(300_000);
  await mkdir(FOLDER, { recursive: true });
  const pages = await mainPages(demo, openBrowser);
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      for (const [page, name, url] of pages) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.goto(url);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(width, `${name} fits a ${size}`).toBeLessThanOrEqual(viewport.width);
        await page.screenshot({ path: `${FOLDER}/${name}-${size}-${colorScheme}.png`, fullPage: true });
      }
    }
  }
});

// A picture of each main page, light and dark, at a desk and on a phone, under target/screenshots.

import { mkdir } from "node:fs/promises";
import { expect, signIn, test } from "./support.js";

const FOLDER = "../target/screenshots";
const SIZES = { desk: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };

/// Follows links by their names, from a page.
async function follow(page, url, ...names) {
  await page.goto(url);
  for (const name of names) {
    await page.locator("main").getByRole("link", { name, exact: true }).first().click();
    await page.waitForLoadState("networkidle");
  }
  return page.url();
}

test("the main pages", async ({ demo, openBrowser }) => {
  test.setTimeout(300_000);
  await mkdir(FOLDER, { recursive: true });
  const portal = demo.portal("weather");
  const [visitor, ada, admin] = [await openBrowser(), await openBrowser(), await openBrowser()];
  await signIn(ada, `${portal}/sign-in`, "ada@example.com");
  await signIn(admin, `${demo.base}/admin/sign-in`, "admin@example.com");

  const product = await follow(ada, portal, "Weather", "v2");
  const application = await follow(ada, `${portal}/applications`, "Demo app");
  const pages = [
    [visitor, "directory", `${demo.base}/`],
    [visitor, "sign-in", `${portal}/sign-in`],
    [visitor, "sign-up", `${portal}/sign-up`],
    [visitor, "admin-sign-in", `${demo.base}/admin/sign-in`],
    [ada, "catalogue", portal],
    [ada, "product", product],
    [ada, "register", `${product}/register`],
    [ada, "applications", `${portal}/applications`],
    [ada, "new-application", `${portal}/applications/new`],
    [ada, "application", application],
    [ada, "account", `${portal}/account`],
    [ada, "not-found", `${portal}/nothing`],
    [admin, "admin-overview", `${demo.base}/admin`],
    [admin, "admin-portals", `${demo.base}/admin/portals`],
    [admin, "admin-portal", await follow(admin, `${demo.base}/admin/portals`, "Weather")],
    [admin, "admin-products", `${demo.base}/admin/products`],
    [admin, "admin-product", await follow(admin, `${demo.base}/admin/products`, "Weather")],
    [admin, "admin-version", await follow(admin, `${demo.base}/admin/products`, "Weather", "v1")],
    [admin, "admin-auth-strategies", `${demo.base}/admin/auth-strategies`],
    [admin, "admin-auth-strategy", await follow(admin, `${demo.base}/admin/auth-strategies`, "key-auth")],
    [admin, "admin-gateway", await follow(admin, `${demo.base}/admin/gateways`, "Built-in gateway")],
    [admin, "admin-developers", `${demo.base}/admin/developers`],
    [admin, "admin-developer", await follow(admin, `${demo.base}/admin/developers`, "Ada Example")],
    [admin, "admin-registrations", `${demo.base}/admin/registrations`],
    [admin, "admin-applications", `${demo.base}/admin/applications`],
    [admin, "admin-mail", `${demo.base}/admin/mail`],
  ];
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

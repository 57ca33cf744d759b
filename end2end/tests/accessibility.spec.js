// What axe looks for on every page, light and dark; and the main flow by keyboard alone.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { ADA, ADMIN, expect, mainPages, signIn, test } from "./support.js";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/// Everything that axe finds on a page, in words.
async function findings(page) {
  // Run by the browser's debugger, past the content security policy, which lets no page do this.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    for (const fold of document.querySelectorAll("details")) fold.open = true;
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, html }) => `${id} (${help}) at ${target}: ${html}`));
  });
}

/// Every route of the application, as a pattern for addresses.
async function routes() {
  const source = await readFile("../app/src/routes.rs", "utf8");
  return [...source.matchAll(/path!\("([^"]+)"\)/g)].map(([, path]) => [path, new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`)]);
}

test("axe finds nothing on any page, light and dark, wide and narrow", async ({ demo, openBrowser }) => {
  test.setTimeout(180_000);
  const found = [];
  const pages = await mainPages(demo, openBrowser);
  const addresses = pages.map(([, , url]) => new URL(url).pathname);
  // The set-up page has a test of its own: the demo has an admin already.
  const missed = (await routes()).filter(([path, pattern]) => path !== "/admin/set-up" && !addresses.some((address) => pattern.test(address)));
  expect(missed.map(([path]) => path), "each route has a page here").toEqual([]);
  for (const [page, name, url] of pages) {
    for (const [colorScheme, width] of [["light", 1280], ["dark", 320]]) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.goto(url);
      const isDark = await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
      const [light] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/));
      if (isDark !== light < 128) found.push(`${name} is ${isDark ? "not " : ""}dark`);
      for (const finding of await findings(page)) found.push(`${name}, ${colorScheme}: ${finding}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) found.push(`${name} is ${overflow} px wider than ${width}`);
    }
  }
  expect(found).toEqual([]);
});

test("axe finds nothing on the set-up page, a refused form and a new key", async ({ portico, demo, openBrowser }) => {
  const [admin, ada] = [await openBrowser(), await openBrowser()];
  await admin.goto(portico.match[1]);
  expect(await findings(admin)).toEqual([]);
  await admin.getByLabel("Email").fill(ADMIN.email);
  await admin.getByLabel("Password", { exact: true }).fill("short");
  await admin.getByLabel("Password again").fill("short");
  await admin.locator("html[data-forms=enhanced]").waitFor();
  await admin.getByRole("button").first().click();
  await expect(admin.getByRole("alert")).toBeVisible();
  expect(await findings(admin)).toEqual([]);

  const portal = demo.portal("weather");
  await signIn(ada, `${portal}/sign-in`, "ada@example.com");
  await ada.goto(`${portal}/applications`);
  await ada.getByRole("link", { name: "Demo app" }).click();
  await ada.getByLabel("Name of a new key").fill("for axe");
  await ada.getByRole("button", { name: "Create key" }).click();
  await expect(ada.locator("#new-key")).toBeVisible();
  expect(await findings(ada)).toEqual([]);
});

/// Presses Tab until the focus is on what has this role and name; fails when it comes round without it.
async function tabTo(page, role, name) {
  // The header's links come first and some of them have a product's name.
  const target = page.getByRole(role, { name, exact: true }).last();
  await target.waitFor();
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press("Tab");
    if (await target.evaluate((element) => element === document.activeElement)) {
      // Whoever cannot see where they are is lost.
      const outline = await target.evaluate((element) => getComputedStyle(element).outlineStyle);
      expect(outline, `the focus on ${name} is seen`).not.toBe("none");
      return target;
    }
  }
  throw new Error(`no key leads to the ${role} "${name}" on ${page.url()}`);
}

async function press(page, role, name) {
  await tabTo(page, role, name);
  await page.keyboard.press("Enter");
}

async function type(page, name, text) {
  await tabTo(page, "textbox", name);
  await page.keyboard.type(text);
}

test("a keyboard alone leads from sign-up through an approval to the first key", async ({ demo, openBrowser }) => {
  test.setTimeout(90_000);
  const [grace, admin] = [await openBrowser(), await openBrowser()];
  const portal = demo.portal("weather");
  const enhanced = (page) => page.locator("html[data-forms=enhanced]").waitFor();

  await grace.goto(`${portal}/sign-in`);
  await press(grace, "link", "Sign up");
  await enhanced(grace);
  await type(grace, "Full name", "Grace Example");
  await type(grace, "Email", "grace@example.com");
  await press(grace, "button", "Create account");
  await expect(grace.getByRole("heading", { name: "Check your email" })).toBeVisible();

  await admin.goto(`${demo.base}/admin/sign-in`);
  await enhanced(admin);
  await type(admin, "Email", "admin@example.com");
  await tabTo(admin, "textbox", "Password");
  await admin.keyboard.type("weather or not");
  await admin.keyboard.press("Enter");
  await press(admin, "link", "Mail");
  await press(admin, "link", "Confirm your e-mail address for Weather");
  const link = (await admin.locator(".letter").textContent()).match(/http\S+set-password\S+/)[0];

  await grace.goto(link);
  await enhanced(grace);
  await type(grace, "Password", ADA.password);
  await type(grace, "Password again", ADA.password);
  await press(grace, "button", "Set password");
  await expect(grace.getByRole("heading", { name: "Welcome to Weather" })).toBeVisible();
  await press(grace, "link", "Weather");
  await grace.waitForURL(/products/);
  await press(grace, "link", "Get access");
  await press(grace, "link", "Create an application");
  await enhanced(grace);
  await type(grace, "Name", "By keyboard");
  await press(grace, "button", "Create application");
  await grace.waitForURL(/register/);
  await enhanced(grace);
  await press(grace, "button", "Request access");
  await expect(grace.getByText("Pending", { exact: true })).toBeVisible();

  await press(admin, "link", "Registrations");
  await admin.waitForURL(/registrations/);
  await enhanced(admin);
  await press(admin, "button", "Approve");
  await expect(admin.getByRole("status")).toBeVisible();

  await grace.reload();
  await enhanced(grace);
  await type(grace, "Name of a new key", "first");
  await press(grace, "button", "Create key");
  await expect(grace.locator("#new-key")).toContainText("ptk_");
});

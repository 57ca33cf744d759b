// What `cargo xtask serve` prints works when pasted.

import { execSync } from "node:child_process";
import { expect, signIn, test } from "./support.js";

test("the printed call passes", async ({ demo }) => {
  const answer = JSON.parse(execSync(`${demo.match[1]} --silent`).toString());
  expect(answer.path).toBe("/cities/oslo/current");
  expect(answer.headers["x-consumer-username"]).toBe("Demo app");
});

test("a copied key is the key", async ({ demo, openBrowser }) => {
  const page = await openBrowser();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await signIn(page, `${demo.portal("weather")}/sign-in?return_to=/applications`, "ada@example.com");
  await page.getByRole("link", { name: "Demo app" }).click();
  await page.getByLabel("Name of a new key").fill("copied");
  await page.getByRole("button", { name: "Create key" }).click();
  const key = await page.locator("#new-key").textContent();
  await page.getByRole("button", { name: "Copy" }).first().click();
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);
});

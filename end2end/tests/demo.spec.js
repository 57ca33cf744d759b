// What `cargo xtask serve` prints works when pasted.

import { execSync } from "node:child_process";
import { expect, signIn, test } from "./support.js";

test("the printed call passes", async ({ demo }) => {
  const answer = JSON.parse(execSync(`${demo.match[1]} --silent`).toString());
  expect(answer.path).toBe("/cities/oslo/current");
  expect(answer.headers["x-consumer-username"]).toBe("Demo app");
});

test("the identity provider of the demo vouches for its client", async ({ demo }) => {
  const address = `${demo.gateway}/weather/v2/cities/oslo/current`;
  const call = (login) => fetch(address, { headers: { authorization: `Basic ${Buffer.from(login).toString("base64")}` } });
  const answer = await (await call("demo-client:demo-secret")).json();
  expect(answer.headers["x-consumer-username"]).toBe("Demo client");
  expect(answer.headers.authorization).toMatch(/^Bearer ey/);
  expect((await call("demo-client:wrong")).status).toBe(401);
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

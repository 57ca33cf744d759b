// Automation: a token made in the console, and the instruction of the product's own guide as it is printed.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { expect, signIn, test } from "./support.js";

test("an admin's token publishes a version, and is refused once it is revoked", async ({ demo, openBrowser }) => {
  const admin = await openBrowser();
  await signIn(admin, `${demo.base}/admin/sign-in`, "admin@example.com");
  await admin.goto(`${demo.base}/admin/access-tokens`);
  await admin.getByLabel("Name of a new token").fill("pipeline");
  await admin.getByRole("button", { name: "Create access token" }).click();
  const token = await admin.locator("#new-token").textContent();
  expect(token).toMatch(/^pta_/);
  await admin.goto(`${demo.base}/admin/access-tokens`);
  expect(await admin.content(), "it is shown once").not.toContain(token);

  const portal = await idBehind(admin, `${demo.base}/admin/portals`, "Staging");
  const strategy = await idBehind(admin, `${demo.base}/admin/auth-strategies`, "key-auth");
  await admin.goto(`${demo.base}/admin/products`);
  await admin.locator("main").getByRole("link", { name: "Maps", exact: true }).click();
  const version = await idBehind(admin, admin.url(), "v1");
  const publish = () => {
    const lines = execFileSync("curl", [
      "--silent", "--write-out", "\n%{http_code}",
      "--request", "POST",
      "--url", `${demo.base}/v2/portals/${portal}/product-versions/`,
      "--header", `Authorization: ${token}`,
      "--header", "content-type: application/json",
      "--data", `{"product_version_id": "${version}", "auth_strategy_ids": ["${strategy}"], "publish_status": "published",
                  "application_registration_enabled": true, "auto_approve_registration": true, "deprecated": false}`,
    ]).toString().split("\n");
    return { status: Number(lines.pop()), body: JSON.parse(lines.join("\n")) };
  };
  const { status, body } = publish();
  expect(status).toBe(201);
  expect(body).toMatchObject({ product_version_id: version, publish_status: "published", auth_strategies: [{ id: strategy }] });
  const ada = await openBrowser();
  await signIn(ada, `${demo.portal("staging")}/sign-in`, "ada@example.com");
  await ada.goto(`${demo.portal("staging")}/products/${admin.url().split("/").pop()}/versions/${version}`);
  await expect(ada.getByRole("heading", { name: /Maps/ }).first()).toBeVisible();

  await admin.goto(`${demo.base}/admin/access-tokens`);
  await expect(admin.getByRole("row", { name: /pipeline/ })).not.toContainText("Never");
  await admin.getByText("Revoke", { exact: true }).click();
  await admin.getByRole("button", { name: "Revoke access token" }).click();
  await expect(admin.getByRole("status").first()).toContainText("The token is revoked.");
  expect(publish().status).toBe(401);
});

test("a system account makes what files describe, as far as its roles go", async ({ demo, openBrowser }, testInfo) => {
  const admin = await openBrowser();
  await signIn(admin, `${demo.base}/admin/sign-in`, "admin@example.com");
  await admin.getByRole("link", { name: "System accounts" }).click();
  await admin.getByText("New system account").click();
  await admin.getByLabel("Name", { exact: true }).fill("Delivery");
  await admin.getByLabel("API product viewer").check();
  await admin.getByRole("button", { name: "Create system account" }).click();
  await expect(admin.getByRole("heading", { name: "Delivery" })).toBeVisible();
  await admin.getByLabel("Name of a new token").fill("pipeline");
  await admin.getByRole("button", { name: "Create access token" }).click();
  const token = await admin.locator("#new-token").textContent();

  const folder = testInfo.outputPath("files");
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/portico.yaml`, "products:\n  - {name: Tides, description: Of the sea., portals: [Staging], versions: [{name: v1}]}\n");
  const portico = (...words) => {
    const env = { ...process.env, PORTICO_URL: demo.base, PORTICO_TOKEN: token };
    const { status, stdout, stderr } = spawnSync(process.env.PORTICO_BINARY, words, { env, encoding: "utf8" });
    return { status, said: stdout + stderr };
  };
  expect(portico("plan", "-f", folder).said).toContain("+ API product Tides");
  const refused = portico("apply", "-f", folder);
  expect(refused.status).not.toBe(0);
  expect(refused.said).toContain("403");

  await admin.getByLabel("API product admin").check();
  await admin.getByRole("button", { name: "Save", exact: true }).click();
  await expect(admin.getByRole("status").first()).toContainText("Saved.");
  expect(portico("apply", "-f", folder)).toMatchObject({ status: 0 });
  expect(portico("plan", "-f", folder).said).toContain("0 to make, 0 to change, 2 as they should be.");
  await admin.goto(`${demo.base}/admin/products`);
  await expect(admin.locator("main").getByRole("link", { name: "Tides" })).toBeVisible();
});

test("an admin with a role sees and does what it says, and the last one stays", async ({ demo, openBrowser }) => {
  const admin = await openBrowser();
  await signIn(admin, `${demo.base}/admin/sign-in`, "admin@example.com");
  await admin.getByRole("link", { name: "Admins" }).click();
  await admin.getByText("Change roles").click();
  await admin.getByLabel("Admin", { exact: true }).uncheck();
  await admin.getByLabel("Portal viewer").check();
  await admin.getByRole("button", { name: "Save" }).click();
  await expect(admin.getByRole("alert").first()).toContainText("Somebody has to be left who may do everything.");
});

/// The id in the address that a link leads to.
async function idBehind(page, url, name) {
  await page.goto(url);
  const href = await page.locator("main").getByRole("link", { name, exact: true }).first().getAttribute("href");
  return href.split("/").pop();
}

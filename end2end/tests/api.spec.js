// Automation: a token made in the console, and the instruction of the product's own guide as it is printed.

import { execFileSync } from "node:child_process";
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

/// The id in the address that a link leads to.
async function idBehind(page, url, name) {
  await page.goto(url);
  const href = await page.locator("main").getByRole("link", { name, exact: true }).first().getAttribute("href");
  return href.split("/").pop();
}

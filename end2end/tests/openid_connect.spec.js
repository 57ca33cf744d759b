// OpenID Connect with a real provider: an admin makes a strategy of it, a developer's client calls with its tokens.

import { expect, ready, signIn, startIssuer, test } from "./support.js";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a client of an identity provider calls a version that asks for its tokens", async ({ demo, openBrowser }) => {
      const issuer = await startIssuer([{ client_id: "ada-client" }, { client_id: "someone-else" }]);
      const another = await startIssuer([{ client_id: "ada-client" }]);
      const admin = await openBrowser();
      const ada = await openBrowser();
      const portal = demo.portal("weather");
      const press = async (page, name) => {
        await ready(page, javaScriptEnabled);
        await page.getByRole("button", { name, exact: true }).click();
      };
      const notice = (page, text) => expect(page.getByRole("status").first()).toContainText(text);
      const call = async (headers) => {
        const response = await fetch(`${demo.gateway}/weather/v2/cities/oslo/current`, { headers });
        return { status: response.status, challenge: response.headers.get("www-authenticate") };
      };
      const bearer = (token) => ({ authorization: `Bearer ${token}` });
      await signIn(admin, `${demo.base}/admin/sign-in`, "admin@example.com");
      await signIn(ada, `${portal}/sign-in`, "ada@example.com");

      await test.step("a strategy, once the issuer answers as one", async () => {
        await admin.goto(`${demo.base}/admin/auth-strategies/new`);
        await admin.getByRole("link", { name: "openid-connect" }).click();
        await admin.getByLabel("Name", { exact: true }).fill("our-oidc");
        await admin.getByLabel("Display name").fill("Okta");
        await admin.getByLabel("Issuer").fill(`${issuer.url}/nowhere`);
        await admin.getByLabel("Scopes").fill("read");
        await admin.getByLabel("Credential claims").fill("client_id");
        await expect(admin.getByRole("checkbox", { name: "Bearer" })).toBeChecked();
        await press(admin, "Create auth strategy");
        await expect(admin.locator("[data-problem=issuer]")).toContainText("The issuer answered 404");
        await expect(admin.getByLabel("Credential claims")).toHaveValue("client_id");
        await admin.getByLabel("Issuer").fill(issuer.url);
        await admin.getByRole("checkbox", { name: "Bearer" }).uncheck();
        await press(admin, "Create auth strategy");
        await expect(admin.locator("[data-problem=auth_methods]")).toHaveText("This is required.");
        await admin.getByRole("checkbox", { name: "Bearer" }).check();
        await press(admin, "Create auth strategy");
        await notice(admin, "The strategy is there.");
      });

      await test.step("Weather v2 asks for its tokens", async () => {
        await admin.goto(`${demo.base}/admin/products`);
        await admin.locator("main").getByRole("link", { name: "Weather", exact: true }).click();
        await admin.locator("main").getByRole("link", { name: "v2", exact: true }).click();
        await admin.getByRole("row", { name: /^Weather / }).getByRole("link", { name: "Edit" }).click();
        await admin.getByLabel("Auth strategy").selectOption({ label: "our-oidc" });
        await admin.getByLabel("Auto approve").check();
        await press(admin, "Save");
        await expect(admin.getByRole("row", { name: /Weather Published our-oidc/ })).toBeVisible();
        // Keys no longer; logins are taken by the strategy of another portal.
        const challenge = 'Bearer realm="portico", Basic realm="portico", charset="UTF-8"';
        await expect.poll(async () => (await call({})).challenge).toBe(challenge);
      });

      await test.step("or one that is made on the way", async () => {
        await admin.getByText("Publish to Dev Portals").click();
        await admin.getByRole("link", { name: "Create an auth strategy for this" }).click();
        await admin.getByLabel("Name", { exact: true }).fill("on-the-way");
        await admin.getByLabel("Display name").fill("On the way");
        await press(admin, "Create auth strategy");
        await notice(admin, "Go on with the publication.");
        await expect(admin.getByLabel("Auth strategy").locator("option:checked")).toHaveText("on-the-way");
      });

      await test.step("an application names its client and registers", async () => {
        await ada.goto(portal);
        await ada.getByRole("link", { name: "Weather", exact: true }).last().click();
        await expect(ada.getByText("Bearer", { exact: true }).first()).toBeVisible();
        await ada.getByRole("link", { name: "Get access" }).first().click();
        await expect(ada.getByText("uses API key, but this version asks for Okta")).toHaveCount(1);
        await ada.getByRole("link", { name: "Create an application" }).click();
        await ada.getByLabel("Name", { exact: true }).fill("Robot");
        await ada.getByLabel("Client ID").fill("ada-client");
        await press(ada, "Create application");
        await notice(ada, "Now register it.");
        await press(ada, "Request access");
        await notice(ada, "approved");
        await expect(ada.getByText("ada-client").first()).toBeVisible();
        await expect(ada.getByRole("button", { name: "Create key" })).toHaveCount(0);
      });

      await test.step("a change that would stop it names it first", async () => {
        await admin.goto(`${demo.base}/admin/auth-strategies`);
        await admin.getByRole("link", { name: "our-oidc" }).click();
        await admin.getByRole("checkbox", { name: "Client Credentials" }).check();
        await admin.getByRole("checkbox", { name: "Bearer" }).uncheck();
        await press(admin, "Save");
        const stops = admin.locator("[data-problem=confirmed]");
        await expect(stops).toContainText("1 application would stop working: Robot (ada@example.com).");
      });

      await test.step("its tokens pass, and no others", async () => {
        const token = await issuer.token("ada-client");
        await expect.poll(async () => (await call(bearer(token))).status).toBe(200);
        expect((await call(bearer(await issuer.token("someone-else")))).status).toBe(403);
        expect((await call(bearer(await another.token("ada-client")))).status).toBe(401);
        expect((await call(bearer(`${token}x`))).status).toBe(401);
        await issuer.stop();
        expect((await call(bearer(token))).status, "while the provider is down").toBe(200);
      });

      await test.step("revoked, they no longer do", async () => {
        const token = await issuer.token("ada-client");
        await admin.goto(`${demo.base}/admin/registrations?status=approved`);
        const row = admin.getByRole("row", { name: /Robot/ });
        await row.getByText("Revoke").first().click();
        await row.getByRole("button", { name: "Revoke" }).click();
        await expect.poll(async () => (await call(bearer(token))).status).toBe(403);
      });
      await another.stop();
    });
  });
}

// Dynamic client registration with a real provider: nobody copies a client id by hand.

import { expect, ready, signIn, startIssuer, test } from "./support.js";

const INITIAL_ACCESS_TOKEN = "an-initial-access-token";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("an application gets its client, rotates it and takes it along when it goes", async ({ demo, openBrowser }) => {
      test.setTimeout(120_000);
      const issuer = await startIssuer([], { initialAccessToken: INITIAL_ACCESS_TOKEN });
      const [admin, ada] = [await openBrowser(), await openBrowser()];
      const portal = demo.portal("weather");
      const press = async (page, name) => {
        await ready(page, javaScriptEnabled);
        await page.getByRole("button", { name, exact: true }).click();
      };
      const confirm = async (page, name) => {
        await page.getByText(name, { exact: true }).first().click();
        await press(page, name);
      };
      const notice = (page, text) => expect(page.getByRole("status").first()).toContainText(text);
      const call = async (token) => {
        const headers = token ? { authorization: `Bearer ${token}` } : {};
        return (await fetch(`${demo.gateway}/weather/v2/cities/oslo/current`, { headers })).status;
      };
      await signIn(admin, `${demo.base}/admin/sign-in`, "admin@example.com");
      await signIn(ada, `${portal}/sign-in`, "ada@example.com");

      await test.step("an admin names the provider, and finds out whether it works", async () => {
        await admin.goto(`${demo.base}/admin/auth-strategies`);
        await admin.getByRole("link", { name: "DCR providers" }).click();
        await admin.getByRole("link", { name: "New DCR provider" }).click();
        await admin.getByRole("navigation", { name: "Type" }).getByRole("link", { name: "OpenID Connect" }).click();
        await admin.getByLabel("Name", { exact: true }).fill("our-provider");
        await admin.getByLabel("Display name").fill("Acme ID");
        await admin.getByLabel("Issuer").fill(issuer.url);
        await admin.getByLabel("Initial access token").fill("a-wrong-one");
        await press(admin, "Create DCR provider");
        await notice(admin, "The provider is there.");
        await press(admin, "Test connection");
        await expect(admin.locator("#test")).toContainText("It does not work. The provider said: 401: invalid_token");
        await admin.getByLabel("Initial access token").fill(INITIAL_ACCESS_TOKEN);
        await press(admin, "Save");
        await notice(admin, "Saved.");
        await press(admin, "Test connection");
        await expect(admin.locator("#test")).toContainText("It works: a client was made and deleted again.");
        await expect(admin.locator("#test")).toContainText(`DELETE ${issuer.url}/reg/`);
        expect(issuer.clients()).toEqual([]);
      });

      await test.step("Weather v2 asks for its tokens", async () => {
        await admin.goto(`${demo.base}/admin/auth-strategies/new?type=openid_connect`);
        await admin.getByLabel("Name", { exact: true }).fill("registered");
        await admin.getByLabel("Display name").fill("Acme ID");
        await admin.getByLabel("DCR provider").selectOption({ label: `our-provider (${issuer.url})` });
        await admin.getByLabel("Scopes").fill("read");
        await admin.getByLabel("Credential claims").fill("acts_for");
        await press(admin, "Create auth strategy");
        await notice(admin, "The strategy is there.");
        await expect(admin.getByLabel("Issuer")).toHaveValue(issuer.url);
        await admin.goto(`${demo.base}/admin/products`);
        for (const name of ["Weather", "v2"]) await admin.locator("main").getByRole("link", { name, exact: true }).click();
        await admin.getByRole("row", { name: /^Weather / }).getByRole("link", { name: "Edit" }).click();
        await admin.getByLabel("Auth strategy").selectOption({ label: "registered" });
        await admin.getByLabel("Auto approve").check();
        await press(admin, "Save");
        await expect(admin.getByRole("row", { name: /Weather Published registered/ })).toBeVisible();
      });

      let application;
      await test.step("a developer creates an application and registers it", async () => {
        await ada.goto(portal);
        await ada.getByRole("link", { name: "Weather", exact: true }).last().click();
        await ada.getByRole("link", { name: "Get access" }).first().click();
        await ada.getByRole("link", { name: "Create an application" }).click();
        await expect(ada.getByText("Acme ID will make its client")).toBeVisible();
        await expect(ada.getByLabel("Client ID")).toHaveCount(0);
        await ada.getByLabel("Name", { exact: true }).fill("Robot");
        await press(ada, "Create application");
        await press(ada, "Request access");
        await expect(ada.getByRole("heading", { name: "Robot" })).toBeVisible();
        await expect(ada.getByRole("row", { name: /Weather v2/ })).toContainText("Approved");
        application = ada.url();
      });

      /// Opens the secret on the page, which shows it no more after that.
      const open = async () => {
        await press(ada, "Show the client secret");
        await expect(ada.getByRole("heading", { name: "Copy your client secret now" })).toBeVisible();
        const client = { id: await ada.locator("#client-id").textContent(), secret: await ada.locator("#new-key").textContent() };
        await ada.goto(application);
        await expect(ada.locator("#new-key")).toHaveCount(0);
        await expect(ada.getByRole("button", { name: "Show the client secret" })).toHaveCount(0);
        expect(await ada.content()).not.toContain(client.secret);
        return client;
      };

      let [client, token] = [];
      await test.step("reads id and secret once, gets a token with them and calls", async () => {
        client = await open();
        expect(issuer.clients()).toEqual([client.id]);
        token = await issuer.tokenFor(client);
        await expect.poll(() => call(token)).toBe(200);
        expect(await call()).toBe(401);
      });

      await test.step("renames it at the provider too", async () => {
        await ada.getByLabel("Name", { exact: true }).fill("Weather robot");
        await press(ada, "Save");
        await expect(ada.getByRole("heading", { name: "Weather robot" })).toBeVisible();
        await expect.poll(() => issuer.clientName(client.id)).toBe("Weather robot");
        expect(await issuer.tokenFor(client), "the secret is the same").toBeTruthy();
      });

      await test.step("rotates: the old client stops, the new one calls", async () => {
        await confirm(ada, "Get a new secret");
        const fresh = await open();
        expect(fresh.id).not.toBe(client.id);
        await expect.poll(() => issuer.clients()).toEqual([fresh.id]);
        expect(await issuer.tokenFor(client), "the old client is gone").toBeUndefined();
        await expect.poll(() => call(token), "and its tokens are nobody's").toBe(403);
        [client, token] = [fresh, await issuer.tokenFor(fresh)];
        await expect.poll(() => call(token)).toBe(200);
      });

      await test.step("an admin sees the client, and that both sides agree", async () => {
        await admin.goto(`${demo.base}/admin/dcr-providers`);
        await admin.getByRole("link", { name: "our-provider" }).click();
        await expect(admin.getByRole("row", { name: /Weather robot/ }).first()).toContainText("Ready");
        await press(admin, "Compare both sides");
        await expect(admin.locator("#comparison")).toContainText("Both sides agree.");
        await confirm(admin, "Delete DCR provider");
        await expect(admin.getByRole("alert").filter({ hasText: "in use" })).toContainText("the auth strategies registered, 1 client");
      });

      await test.step("deletes it, and the client goes with it", async () => {
        await ada.goto(application);
        await confirm(ada, "Delete application");
        await notice(ada, "The application is deleted");
        await expect.poll(() => call(token)).toBe(403);
        await expect.poll(() => issuer.clients()).toEqual([]);
        expect(await issuer.tokenFor(client)).toBeUndefined();
      });
      await issuer.stop();
    });
  });
}

test("a page says what it waits for, and goes on when the provider is back", async ({ demo, openBrowser }) => {
  test.setTimeout(120_000);
  const [admin, ada] = [await openBrowser(), await openBrowser()];
  await signIn(admin, `${demo.base}/admin/sign-in`, "admin@example.com");
  await signIn(ada, `${demo.portal("production")}/sign-in`, "ada@example.com");
  // The demo's own provider makes the clients of Production.
  await ada.goto(`${demo.portal("production")}/applications/new`);
  await ada.getByLabel("Name", { exact: true }).fill("First");
  await ada.getByLabel("Auth strategy").selectOption({ label: "Okta, production (1 product version, client made by Okta)" });
  await ada.getByRole("button", { name: "Create application" }).click();
  await expect(ada.getByRole("button", { name: "Show the client secret" })).toBeVisible();

  await admin.goto(`${demo.base}/admin/dcr-providers`);
  await admin.getByRole("link", { name: "demo-provider" }).click();
  const port = new URL(await admin.getByLabel("Issuer").inputValue()).port;
  await admin.getByLabel("Registration endpoint").fill("http://127.0.0.1:1/nothing-listens-here");
  await admin.getByLabel("Initial access token").fill("demo-initial-access-token");
  await admin.getByRole("button", { name: "Save" }).click();
  await expect(admin.getByRole("status").first()).toContainText("Saved.");

  await ada.goto(`${demo.portal("production")}/applications/new`);
  await ada.getByLabel("Name", { exact: true }).fill("Second");
  await ada.getByLabel("Auth strategy").selectOption({ label: "Okta, production (1 product version, client made by Okta)" });
  await ada.getByRole("button", { name: "Create application" }).click();
  await expect(ada.getByRole("status").filter({ hasText: /Waiting for Okta with the client: attempt \d+, next/ })).toBeVisible();
  await admin.reload();
  await expect(admin.getByRole("row", { name: /Second/ }).first()).toContainText("The provider said: no connection");

  await admin.getByLabel("Registration endpoint").fill(`http://127.0.0.1:${port}/okta/clients`);
  await admin.getByLabel("Initial access token").fill("demo-initial-access-token");
  await admin.getByRole("button", { name: "Save" }).click();
  await expect(admin.getByRole("status").first()).toContainText("Saved.");
  await expect(async () => {
    await ada.getByRole("link", { name: "Look again" }).click();
    await expect(ada.getByRole("button", { name: "Show the client secret" })).toBeVisible({ timeout: 500 });
  }).toPass();
});

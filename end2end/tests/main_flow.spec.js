// The main flow, from an empty Portico to a refused call, with JavaScript and without: the same steps and
// the same assertions.

import { ADA, ADMIN, expect, ready, test } from "./support.js";

const SPECIFICATION = `
openapi: 3.1.0
info: { title: Weather, version: "1" }
paths:
  /cities/{city}:
    get: { summary: Weather in a city }
`;

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("from nothing to a call that passes, and one that no longer does", async ({ portico, upstream, openBrowser }) => {
      const admin = await openBrowser();
      const ada = await openBrowser();
      const portal = portico.portal("weather");
      const press = async (page, name) => {
        await ready(page, javaScriptEnabled);
        await page.getByRole("button", { name, exact: true }).click();
      };
      const notice = (page, text) => expect(page.getByRole("status").first()).toContainText(text);

      await test.step("the first admin", async () => {
        await admin.goto(portico.match[1]);
        await admin.getByLabel("Email").fill(ADMIN.email);
        await admin.getByLabel("Password", { exact: true }).fill(ADMIN.password);
        await admin.getByLabel("Password again").fill(ADMIN.password);
        await press(admin, "Create the admin account");
        await expect(admin.getByRole("heading", { level: 1 })).toHaveText("Overview");
      });

      await test.step("a gateway service", async () => {
        await admin.getByRole("link", { name: "Gateways" }).click();
        await admin.getByLabel("Name").fill("Edge");
        await press(admin, "Create gateway");
        await notice(admin, "The gateway is there.");
        await admin.getByLabel("Name", { exact: true }).fill("Weather");
        await admin.getByLabel("Path prefix").fill("/weather");
        await admin.getByLabel("Upstream URL").fill(upstream.url);
        await press(admin, "Create service");
        await notice(admin, "The service is there.");
      });

      await test.step("a strategy", async () => {
        await admin.getByRole("link", { name: "Application Auth" }).click();
        await admin.getByRole("link", { name: "New auth strategy" }).click();
        await admin.getByLabel("Name", { exact: true }).fill("keys");
        await admin.getByLabel("Display name").fill("API key");
        await press(admin, "Create auth strategy");
        await expect(admin.getByText("No publication uses this strategy.")).toBeVisible();
      });

      await test.step("a portal that lets nobody in by itself", async () => {
        await admin.getByRole("link", { name: "Dev Portals" }).click();
        await admin.getByRole("link", { name: "New portal" }).click();
        await admin.getByLabel("Name", { exact: true }).fill("Weather");
        await admin.getByLabel("Host name").fill("weather");
        await expect(admin.getByLabel("Auto approve developers")).not.toBeChecked();
        await press(admin, "Create portal");
        await expect(admin.getByRole("link", { name: portal })).toBeVisible();
      });

      await test.step("a product version with a specification and a service", async () => {
        await admin.getByRole("link", { name: "API Products" }).first().click();
        await admin.getByRole("link", { name: "New API product" }).click();
        await admin.getByLabel("Name", { exact: true }).fill("Weather");
        await press(admin, "Create API product");
        await admin.getByText("New version").click();
        await admin.getByLabel("Version name").fill("v1");
        await press(admin, "Create version");
        const file = (content) => ({ name: "weather.yaml", mimeType: "application/yaml", buffer: Buffer.from(content) });
        await admin.getByLabel("File").setInputFiles(file("openapi: 4.0.0"));
        await press(admin, "Upload specification");
        await expect(admin.getByText("At /openapi there should be the version of OpenAPI")).toBeVisible();
        await admin.getByLabel("File").setInputFiles(file(SPECIFICATION));
        await press(admin, "Upload specification");
        await expect(admin.getByText("weather.yaml, 1 operation")).toBeVisible();
      });

      await test.step("publish it: unenforced until a service is linked", async () => {
        await expect(admin.getByText("nothing will enforce this")).toBeVisible();
        await admin.getByLabel("Linked service").selectOption({ index: 1 });
        await press(admin, "Save link");
        await expect(admin.getByText("nothing will enforce this")).toHaveCount(0);
        await admin.getByLabel("Portal").selectOption({ label: "Weather" });
        await expect(admin.getByLabel("Require authentication")).toBeChecked();
        await press(admin, "Save");
        await expect(admin.locator("[data-problem=auth_strategy]")).toHaveText("This is required.");
        await admin.getByLabel("Auth strategy").selectOption({ label: "keys" });
        await expect(admin.getByLabel("Accept application registrations")).toBeChecked();
        await expect(admin.getByLabel("Auto approve")).not.toBeChecked();
        await press(admin, "Save");
        await expect(admin.getByRole("row", { name: /Weather Published keys Open, with approval/ })).toBeVisible();
      });

      await test.step("sign up, with the link from the mail", async () => {
        await ada.goto(portal);
        await expect(ada).toHaveURL(/\/sign-in\?return_to=/);
        await ada.getByRole("link", { name: "Sign up" }).first().click();
        await ada.getByLabel("Full name").fill(ADA.name);
        await ada.getByLabel("Email").fill(ADA.email);
        await press(ada, "Create account");
        await notice(ada, "Please check your email to confirm your address.");
        await admin.getByRole("link", { name: "Mail" }).click();
        await admin.getByRole("link", { name: /Confirm your e-mail address/ }).click();
        const letter = await admin.locator(".letter").textContent();
        await ada.goto(letter.match(/http\S+/)[0]);
        await ada.getByLabel("Password", { exact: true }).fill(ADA.password);
        await ada.getByLabel("Password again").fill("something else");
        await press(ada, "Set password");
        await expect(ada.getByText("Passwords must match.")).toBeVisible();
        await ada.getByLabel("Password", { exact: true }).fill(ADA.password);
        await ada.getByLabel("Password again").fill(ADA.password);
        await press(ada, "Set password");
        await notice(ada, "pending approval");
      });

      const signIn = async (password) => {
        await ada.goto(`${portal}/sign-in`);
        await ada.getByLabel("Email").fill(ADA.email);
        await ada.getByLabel("Password").fill(password);
        await press(ada, "Sign in");
      };

      await test.step("nobody comes in before an admin agrees", async () => {
        await signIn("wrong password");
        await expect(ada.getByRole("alert")).toContainText("Incorrect e-mail address or password.");
        await expect(ada.getByLabel("Email")).toHaveValue(ADA.email);
        await signIn(ADA.password);
        await expect(ada.getByRole("alert")).toContainText("Your account is pending approval for access.");
        await admin.goto(`${portico.base}/admin`);
        await admin.getByRole("link", { name: "1 developer waits" }).click();
        await admin.getByRole("link", { name: ADA.name }).click();
        await press(admin, "Approve");
        await expect(admin.getByText("Approved", { exact: true })).toBeVisible();
        await signIn(ADA.password);
        await expect(ada.getByRole("heading", { name: "Welcome to Weather" })).toBeVisible();
      });

      await test.step("ask for access", async () => {
        await ada.getByRole("link", { name: "Weather", exact: true }).last().click();
        await expect(ada.getByText("Weather in a city")).toBeVisible();
        await ada.getByRole("link", { name: "Get access" }).click();
        await ada.getByRole("link", { name: "Create an application" }).click();
        await ada.getByLabel("Name").fill("Forecast app");
        await press(ada, "Create application");
        await press(ada, "Request access");
        await notice(ada, "Registration under review.");
        await expect(ada.getByRole("row", { name: /Weather v1 Pending/ })).toBeVisible();
        await ada.getByRole("link", { name: "Weather v1" }).click();
        await expect(ada.getByRole("link", { name: "Requested" })).toBeVisible();
      });

      let key;
      const createKey = async (name) => {
        await ada.goto(`${portal}/applications`);
        await ada.getByRole("link", { name: "Forecast app" }).click();
        await ada.getByLabel("Name of a new key").fill(name);
        await press(ada, "Create key");
        key = await ada.locator("#new-key").textContent();
      };
      const call = async (headers = {}) => (await fetch(`${portico.gateway}/weather/cities/oslo`, { headers })).status;
      const becomes = (status) => expect.poll(() => call({ apikey: key }), { intervals: [20], timeout: 1000 }).toBe(status);

      await test.step("a key is good only once the registration is approved", async () => {
        await createKey("first");
        expect(await call()).toBe(401);
        await becomes(403);
        await admin.goto(`${portico.base}/admin/registrations?status=pending`);
        await press(admin, "Approve");
        await becomes(200);
        await ada.goto(portal);
        await ada.getByRole("link", { name: "Weather", exact: true }).last().click();
        await expect(ada.getByRole("link", { name: "Manage access" })).toBeVisible();
        const answer = await (await fetch(`${portico.gateway}/weather/cities/oslo`, { headers: { apikey: key } })).json();
        expect(answer.path).toBe("/cities/oslo");
        expect(answer.headers["x-consumer-username"]).toBe("Forecast app");
        expect(answer.headers.apikey).toBeUndefined();
        await createKey("second");
        await expect(ada.locator("#curl")).toContainText(`--header 'apikey: ${key}'`);
        await ada.reload();
        await expect(ada.locator("#new-key")).toHaveCount(0);
        await becomes(200);
      });

      await test.step("a revoked key is refused", async () => {
        const row = ada.getByRole("row", { name: /second/ });
        await row.getByText("Revoke", { exact: true }).click();
        await ready(ada, javaScriptEnabled);
        await row.getByRole("button", { name: "Revoke key" }).click();
        await notice(ada, "The key is revoked.");
        await becomes(401);
      });

      await test.step("a revoked registration closes the version, with the reason", async () => {
        await createKey("third");
        await becomes(200);
        await admin.goto(`${portico.base}/admin/registrations`);
        await admin.locator("summary", { hasText: "Revoke" }).click();
        await admin.getByLabel("Reason").fill("Too many calls.");
        await press(admin, "Revoke");
        await expect(admin.getByText("Too many calls.")).toBeVisible();
        await becomes(403);
        await ada.goto(portal);
        await ada.getByRole("link", { name: "Weather", exact: true }).last().click();
        await expect(ada.getByRole("link", { name: "Revoked: Too many calls." })).toBeVisible();
        await admin.getByRole("button", { name: "Reinstate" }).click();
        await becomes(200);
      });

      await test.step("sign out", async () => {
        await press(ada, "Sign out");
        await expect(ada.getByRole("heading", { name: "Sign in" })).toBeVisible();
        await ada.goto(`${portal}/applications`);
        await expect(ada).toHaveURL(/\/sign-in/);
      });
    });
  });
}

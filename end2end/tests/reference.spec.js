// From a search to a call that is tried, and a key's life, with JavaScript and without.

import { expect, ready, signIn, test } from "./support.js";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("an operation is found, read and tried", async ({ demo, openBrowser }) => {
      const ada = await openBrowser();
      const portal = demo.portal("weather");
      await signIn(ada, `${portal}/sign-in`, "ada@example.com");
      await ada.getByPlaceholder("Search").fill("current weather");
      await ada.getByRole("button", { name: "Search" }).click();
      await ada.getByRole("listitem").filter({ hasText: "Weather v1" }).getByRole("link", { name: "GET /cities/{city}/current" }).click();
      await expect(ada.getByRole("heading", { name: "Current weather in a city" })).toBeVisible();
      await expect(ada.locator("#sample-sh")).toContainText("$API_KEY");

      await ready(ada, javaScriptEnabled);
      await ada.getByLabel("city (path)").fill("Tromsø & Bodø");
      await ada.getByRole("button", { name: "Send" }).click();
      const answer = ada.locator("[data-answer]");
      await expect(answer).toContainText("200 OK");
      await expect(answer).toContainText("/cities/Troms%C3%B8%20%26%20Bod%C3%B8/current");
      await expect(ada.getByLabel("city (path)")).toHaveValue("Tromsø & Bodø");
      await expect(answer.getByText("x-consumer-username")).toBeVisible();
      await expect(ada.getByText("ptk_local_").first()).not.toContainText(demo.match[1].match(/ptk_\w+/)[0]);
    });

    test("a key is made with an expiry, told apart from others, and rotated", async ({ demo, openBrowser }) => {
      const ada = await openBrowser();
      const portal = demo.portal("weather");
      await signIn(ada, `${portal}/sign-in`, "ada@example.com");
      await ada.goto(`${portal}/applications`);
      await ada.getByRole("link", { name: "Demo app" }).click();
      const press = async (name) => {
        await ready(ada, javaScriptEnabled);
        await ada.getByRole("button", { name }).click();
      };
      await ready(ada, javaScriptEnabled);
      await ada.getByLabel("Name of a new key").fill("short-lived");
      await ada.getByLabel("Expires").selectOption("After 30 days");
      await press("Create key");
      const key = await ada.locator("#new-key").textContent();
      await ada.reload();
      await ready(ada, javaScriptEnabled);
      await ada.getByText("Check a key").click();
      await ada.getByLabel("Key", { exact: true }).fill(`${key.slice(0, -1)}_`);
      await press("Check");
      await expect(ada.getByText("This is not a whole key")).toBeVisible();
      await ada.getByLabel("Key", { exact: true }).fill(key);
      await press("Check");
      await expect(ada.getByRole("status")).toContainText("This is the key “short-lived”");
      await expect(ada.getByRole("status")).toContainText("It is good until");

      const row = ada.getByRole("row", { name: /short-lived/ });
      await ready(ada, javaScriptEnabled);
      await row.getByText("Rotate").click();
      await row.getByLabel("When does the old key stop?").selectOption("In 1 hour");
      await row.getByRole("button", { name: "Make a new key" }).click();
      await expect(ada.locator("#new-key")).not.toHaveText(key);
      const call = async (apikey) => (await fetch(`${demo.gateway}/weather/v1/cities/oslo/current`, { headers: { apikey } })).status;
      const fresh = await ada.locator("#new-key").textContent();
      await expect.poll(() => call(fresh), { intervals: [20] }).toBe(200);
      expect(await call(key), "the old key goes on for its grace").toBe(200);
      await expect(ada.getByRole("row", { name: /short-lived.*Replaced/ })).toBeVisible();
      await expect(ada.getByRole("row", { name: /short-lived.*Active/ })).toBeVisible();
    });
  });
}

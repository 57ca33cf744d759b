// Every auth method of an OpenID Connect strategy, through the built-in gateway, with two real providers.

import { expect, signIn, startIssuer, test } from "./support.js";

const SECRET = (client) => `the secret of ${client}`;
const basic = (name, password) => ({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` });
const bearer = (token) => ({ authorization: `Bearer ${token}` });

/// Posts a form as the form island does; the page that follows.
async function post(page, path, form) {
  const [status, location, body] = await page.evaluate(
    async ([path, form]) => {
      const response = await fetch(path, { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(form) });
      return [response.status, response.headers.get("location"), await response.text()];
    },
    [path, form],
  );
  expect(status, `${path}: ${body}`).toBe(204);
  return location;
}

/// Weather v2 asks for a strategy; an application of Ada's with the client is registered for it.
async function serveWith({ demo, admin, ada }, strategy, methods, fields) {
  const form = { name: strategy, display_name: strategy, scopes: "read", credential_claim: "acts_for", ...fields };
  methods.forEach((method, index) => (form[`auth_methods[${index}]`] = method));
  const id = (await post(admin, "/_fn/admin/save-openid-connect", form)).split("/").pop();
  await admin.goto(`${demo.base}/admin/products`);
  for (const name of ["Weather", "v2"]) await admin.locator("main").getByRole("link", { name, exact: true }).click();
  const [, product, version] = admin.url().match(/products\/([^/]+)\/versions\/([^/?]+)/);
  await admin.getByRole("row", { name: /^Weather / }).getByRole("link", { name: "Edit" }).click();
  const portal = new URL(admin.url()).searchParams.get("portal");
  const publication = { product, version, portal, publish_status: "published", auth_strategy: id, require_authentication: "true" };
  const registrations = { application_registration_enabled: "true", auto_approve_registration: "true", confirmed: "true" };
  await post(admin, "/_fn/admin/save-publication", { ...publication, ...registrations });
  await ada.goto(`${demo.portal("weather")}/applications`);
  const application = { name: strategy, description: "", auth_strategy: id, reference_id: "ada-client", version: "" };
  const page = await post(ada, "/_fn/create-application", application);
  await post(ada, "/_fn/create-registration", { application: page.split("/").pop(), version });
}

test("clients and people call with every method", async ({ demo, openBrowser, browser }) => {
  test.setTimeout(120_000);
  const gateway = {
    client_id: "gateway",
    grant_types: ["password", "authorization_code", "refresh_token", "client_credentials"],
    redirect_uris: [`${demo.gateway}/gateway/callback`],
    response_types: ["code"],
  };
  const clients = () => [{ client_id: "ada-client" }, { client_id: "someone-else" }, { ...gateway }];
  const signing = await startIssuer(clients());
  const opaque = await startIssuer(clients(), { accessTokenFormat: "opaque" });
  const brief = await startIssuer(clients(), { accessTokenTTL: 2 });
  const [admin, ada] = [await openBrowser(), await openBrowser()];
  await signIn(admin, `${demo.base}/admin/sign-in`, "admin@example.com");
  await signIn(ada, `${demo.portal("weather")}/sign-in`, "ada@example.com");
  const world = { demo, admin, ada };
  const address = `${demo.gateway}/weather/v2/cities/oslo/current`;
  const call = async (headers, options = {}) => {
    const response = await fetch(address, { headers, redirect: "manual", ...options });
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text, headers: response.headers };
  };
  const passes = (headers) => expect.poll(async () => (await call(headers)).status).toBe(200);
  const own = { client_id: "gateway", client_secret: SECRET("gateway") };

  await test.step("client credentials, for a provider that signs its tokens and for one that does not", async () => {
    for (const [name, issuer] of [["cc-signing", signing], ["cc-opaque", opaque]]) {
      await serveWith(world, name, ["client_credentials"], { issuer: issuer.url });
      await passes(basic("ada-client", SECRET("ada-client")));
      const { body } = await call(basic("ada-client", SECRET("ada-client")));
      expect(body.headers["x-credential-identifier"]).toBe("ada-client");
      expect(body.headers.authorization).toMatch(/^Bearer /);
      expect((await call(basic("ada-client", "wrong"))).status).toBe(401);
      expect((await call(basic("someone-else", SECRET("someone-else")))).status).toBe(401);
      expect((await call({})).headers.get("www-authenticate")).toContain("Basic");
    }
  });

  await test.step("a person's password", async () => {
    await serveWith(world, "password", ["password"], { issuer: signing.url, ...own });
    await passes(basic("grace", "the password of grace"));
    expect((await call(basic("grace", "wrong"))).status).toBe(401);
  });

  await test.step("introspection of opaque tokens", async () => {
    await serveWith(world, "introspection", ["introspection"], { issuer: opaque.url, ...own, credential_claim: "client_id" });
    await passes(bearer(opaque.token("ada-client")));
    expect((await call(bearer(opaque.token("someone-else")))).status).toBe(403);
    expect((await call(bearer("never-issued"))).status).toBe(401);
    expect((await call(bearer(signing.token("ada-client")))).status, "of another provider").toBe(401);
  });

  await test.step("a person signs in, in a browser, and stays signed in", async () => {
    const methods = ["authorization_code", "session", "refresh_token"];
    await serveWith(world, "people", methods, { issuer: brief.url, scopes: "openid\noffline_access\nread", ...own });
    // The provider's own page asks for a font from elsewhere, which is no error of ours.
    const person = await (await browser.newContext()).newPage();
    const led = async () => {
      const { status, headers } = await call({ accept: "text/html" });
      return status === 302 ? headers.get("location") : status;
    };
    await expect.poll(led).toContain(`${brief.url}/auth?`);
    const begun = new URL(await led());
    for (const name of ["state", "nonce", "code_challenge"]) expect(begun.searchParams.get(name)).toHaveLength(43);
    expect((await call({})).status, "what is no browser").toBe(401);
    expect((await call({ accept: "text/html" }, { method: "POST" })).status).toBe(401);

    await person.goto(`${address}?day=mon`);
    await person.locator("[name=login]").fill("grace");
    await person.locator("[name=password]").fill("anything");
    await person.locator("[type=submit]").click();
    const callback = person.waitForRequest(/\/gateway\/callback\?/);
    await person.locator("[type=submit]").click();
    const used = (await callback).url();
    await expect(person).toHaveURL(`${address}?day=mon`);
    const echo = JSON.parse(await person.locator("body").textContent());
    expect(echo.headers["x-credential-identifier"]).toBe("ada-client");
    expect(echo.headers.authorization).toMatch(/^Bearer ey/);
    expect(echo.headers.cookie ?? "").not.toContain("portico_");

    // A callback is good for the browser that began, and for it once.
    expect((await fetch(used)).status).toBe(400);
    const cookies = await person.context().cookies(demo.gateway);
    const session = cookies.filter(({ name }) => name.startsWith("portico_session"));
    expect(session.every(({ httpOnly, sameSite }) => httpOnly && sameSite === "Lax")).toBe(true);
    expect(cookies.filter(({ name }) => name.startsWith("portico_sign_in"))).toEqual([]);
    const sent = (cookies) => ({ cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") });
    const forged = session.map((cookie) => ({ ...cookie, value: `x${cookie.value.slice(1)}` }));
    expect((await call(sent(forged))).status).toBe(401);

    // The token lives 2 s; after that the session has another one, asked for once by calls that come together.
    await expect.poll(async () => {
      const answers = await Promise.all([1, 2, 3, 4].map(() => call(sent(session))));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      return brief.granted.filter((grant) => grant === "refresh_token").length;
    }, { timeout: 15_000 }).toBe(1);

    await admin.goto(`${demo.base}/admin/registrations?status=approved`);
    const row = admin.getByRole("row", { name: /people/ });
    await row.getByText("Revoke").first().click();
    await row.getByRole("button", { name: "Revoke" }).click();
    await expect.poll(async () => (await person.goto(address)).status(), "and is not led in circles").toBe(403);
    await person.context().close();
    await brief.stop();
    await opaque.stop();
    await signing.stop();
  });
});

// A Portico of its own for each test, with its own Postgres, and an upstream for its gateway.

import { test as base, expect } from "@playwright/test";
import { spawn } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";
import { SMTPServer } from "smtp-server";

export { expect };
export const ADMIN = { email: "admin@example.com", password: "an admin's password" };
export const ADA = { name: "Ada Example", email: "ada@example.com", password: "a developer's password" };

let started = 0;

/// Starts `portico <command>`; resolves once it has printed what `until` matches. `data` is what another one left.
export async function startPortico({ command = "serve", until, settings = {}, data }) {
  const [port, gatewayPort] = [await freePort(), await freePort()];
  if (!data) {
    data = path.join(process.env.PORTICO_TEST_DIRECTORY, `${process.pid}-${started++}`);
    await rm(data, { recursive: true, force: true });
    await mkdir(data, { recursive: true });
  }
  const env = {
    ...process.env,
    DATABASE_URL: undefined,
    PORTICO_TEST_DIRECTORY: undefined,
    PORTICO_BINARY: undefined,
    PORTICO_DATA_DIR: data,
    PORTICO_LISTEN: `127.0.0.1:${port}`,
    PORTICO_BASE_URL: `http://localhost:${port}`,
    PORTICO_GATEWAY_LISTEN: `127.0.0.1:${gatewayPort}`,
    ...settings,
  };
  const child = spawn(process.env.PORTICO_BINARY, [command], { env, stdio: ["ignore", "pipe", "pipe"] });
  const printed = [];
  const log = [];
  child.stderr.on("data", (chunk) => log.push(chunk.toString()));
  const match = await new Promise((resolve, reject) => {
    child.on("exit", (code) => reject(new Error(`portico ended (${code}):\n${log.join("")}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      printed.push(line);
      const match = line.match(until);
      if (match) resolve(match);
    });
  });
  const end = (signal) => {
    const ended = new Promise((resolve) => child.on("exit", resolve));
    child.kill(signal);
    return ended;
  };
  /// As the machine's failure would, leaving its data as they are.
  const kill = () => end("SIGKILL");
  const stop = async () => {
    const code = await end("SIGTERM");
    const isPostgresLeft = existsSync(path.join(data, "postgres/data/postmaster.pid"));
    expect(isPostgresLeft, "the private Postgres is stopped").toBe(false);
    await rm(data, { recursive: true, force: true });
    return code;
  };
  return {
    match,
    stop,
    kill,
    log,
    data,
    port,
    base: `http://localhost:${port}`,
    portal: (slug) => `http://${slug}.localhost:${port}`,
    gateway: `http://127.0.0.1:${gatewayPort}`,
  };
}

/// Takes every mail.
export async function startSmtp(port) {
  const mails = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData(stream, session, done) {
      let text = "";
      stream.on("data", (chunk) => (text += chunk));
      stream.on("end", () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { mails, stop: () => new Promise((resolve) => server.close(resolve)) };
}

/// An OpenID provider with these clients, whose tokens are for `https://api.example.com` and name in `acts_for` the
/// client that they are good for. People sign in with any name, in its own pages or by a grant with a password. With an
/// initial access token it registers further clients.
export async function startIssuer(clients, { accessTokenFormat = "jwt", accessTokenTTL = 600, initialAccessToken } = {}) {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const audience = "https://api.example.com";
  const provider = new Provider(url, {
    clients: clients.map((client) => ({
      client_secret: `the secret of ${client.client_id}`,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      ...client,
    })),
    cookies: { keys: ["for tests"] },
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" }] },
    scopes: ["read"],
    findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (context, token) => ({ acts_for: token.accountId ? "ada-client" : token.clientId }),
    issueRefreshToken: (context, client) => client.grantTypeAllowed("refresh_token"),
    pkce: { required: () => true },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      introspection: { enabled: true },
      registration: { enabled: Boolean(initialAccessToken), initialAccessToken },
      registrationManagement: { enabled: Boolean(initialAccessToken) },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ audience, scope: "read", accessTokenFormat, accessTokenTTL }),
      },
    },
  });
  provider.registerGrantType("password", passwordGrant(provider, audience), ["username", "password", "scope"]);
  const registered = new Map();
  const keep = ({ body }) => registered.set(body.client_id, body.client_name);
  provider.on("registration_create.success", keep);
  provider.on("registration_update.success", keep);
  provider.on("registration_delete.success", (context, { clientId }) => registered.delete(clientId));
  const tokenFor = async ({ id, secret }) => {
    const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64");
    const response = await fetch(`${url}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "read" }),
    });
    return (await response.json()).access_token;
  };
  const granted = [];
  provider.on("grant.success", (context) => granted.push(context.oidc.params.grant_type));
  const server = await new Promise((resolve) => {
    const server = provider.listen(new URL(url).port, "127.0.0.1", () => resolve(server));
  });
  const tokens = {};
  for (const { client_id } of clients.filter((client) => client.grant_types?.includes("client_credentials") ?? true)) {
    tokens[client_id] = await tokenFor({ id: client_id, secret: `the secret of ${client_id}` });
  }
  return {
    url,
    token: (client) => tokens[client],
    tokenFor,
    /// The ids of the clients that were registered.
    clients: () => [...registered.keys()],
    clientName: (id) => registered.get(id),
    granted,
    stop: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

/// RFC 6749, section 4.3, which OAuth has given up and some APIs still use.
function passwordGrant(provider, audience) {
  return async (context) => {
    const { client, params } = context.oidc;
    if (params.password !== `the password of ${params.username}`) {
      context.status = 400;
      context.body = { error: "invalid_grant" };
      return;
    }
    const { AccessToken, Grant } = provider;
    const grant = new Grant({ accountId: params.username, clientId: client.clientId });
    const token = new AccessToken({ accountId: params.username, client, grantId: await grant.save(), gty: "password", scope: params.scope });
    token.resourceServer = new provider.ResourceServer(audience, { audience, scope: "read", accessTokenFormat: "jwt", accessTokenTTL: 600 });
    context.body = { access_token: await token.save(), token_type: "Bearer", expires_in: token.expiration };
  };
}

let nextPort = 21_000 + 1_000 * Number(process.env.TEST_PARALLEL_INDEX);

/// A port that nobody else is given before it is used: systems themselves give ports away from 32768 on.
export async function freePort() {
  const port = nextPort++;
  const isFree = await new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
  return isFree ? port : freePort();
}

/// Answers every call with its path and headers.
async function startUpstream() {
  const server = http.createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ path: request.url, headers: request.headers }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

export const test = base.extend({
  /// A Portico without data; `match[1]` is the link for the first admin.
  portico: async ({}, use) => {
    const portico = await startPortico({ until: /(http\S+set-up\?token=\S+)/ });
    await use(portico);
    expect(await portico.stop()).toBe(0);
  },

  /// A Portico with demo data.
  demo: async ({}, use) => {
    const demo = await startPortico({ command: "demo", until: /(curl .+)/ });
    await use(demo);
    expect(await demo.stop()).toBe(0);
  },

  upstream: async ({}, use) => {
    const upstream = await startUpstream();
    await use(upstream);
    upstream.stop();
  },

  /// Opens pages in browsers of their own, and fails the test for any error that a page reports.
  openBrowser: async ({ browser, javaScriptEnabled }, use) => {
    const contexts = [];
    const errors = [];
    await use(async () => {
      const context = await browser.newContext({ javaScriptEnabled, reducedMotion: "reduce" });
      contexts.push(context);
      const page = await context.newPage();
      page.on("pageerror", (error) => errors.push(`${page.url()}: ${error}`));
      page.on("console", (message) => {
        // Chromium reports each refused form, and each page that is not there, as a failed resource.
        const isFile = message.location().url.includes("/pkg/");
        const isRefusal = !isFile && /the server responded with a status of 4(01|04|09|22|29)/.test(message.text());
        if (message.type() === "error" && !isRefusal) errors.push(`${page.url()}: ${message.text()}`);
      });
      return page;
    });
    for (const context of contexts) await context.close();
    expect(errors).toEqual([]);
  },
});

/// Signs in with an account of the demo data.
export async function signIn(page, url, email) {
  await page.goto(url);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill("weather or not");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
}

/// Waits until forms are enhanced, where they can be: what is typed before would be posted by the browser,
/// which works as well, but is another test.
export async function ready(page, javaScriptEnabled) {
  if (javaScriptEnabled) await page.locator("html[data-forms=enhanced]").waitFor();
}

/// Follows links by their names, from a page.
async function follow(page, url, ...names) {
  await page.goto(url);
  for (const name of names) {
    await page.locator("main").getByRole("link", { name, exact: true }).first().click();
    await page.waitForLoadState("networkidle");
  }
  return page.url();
}

/// The demo's DCR provider, with a test behind it.
async function testedProvider(admin, demo) {
  const url = await follow(admin, `${demo.base}/admin/dcr-providers`, "demo-provider");
  await admin.getByRole("button", { name: "Test connection" }).click();
  await admin.getByText("It works").waitFor();
  return url;
}

/// A page of each kind of the demo, with the browser of whoever may see it, its name and its address.
export async function mainPages(demo, openBrowser) {
  const portal = demo.portal("weather");
  const [visitor, ada, admin] = [await openBrowser(), await openBrowser(), await openBrowser()];
  await signIn(ada, `${portal}/sign-in`, "ada@example.com");
  await signIn(admin, `${demo.base}/admin/sign-in`, "admin@example.com");

  await visitor.goto(`${portal}/sign-up`);
  await visitor.getByLabel("Full name").fill("Grace Example");
  await visitor.getByLabel("Email").fill("grace@example.com");
  await visitor.getByRole("button", { name: "Create account" }).click();
  await visitor.getByRole("heading", { name: "Check your email" }).waitFor();
  const signUpMail = visitor.url();
  const mail = await follow(admin, `${demo.base}/admin/mail`, "Confirm your e-mail address for Weather");
  const setPassword = (await admin.locator(".letter").textContent()).match(/http\S+set-password\S+/)[0];

  const tried = await follow(ada, portal, "Weather", "v1", "/cities/{city}/current");
  const product = await follow(ada, portal, "Weather", "v2");
  const application = await follow(ada, `${portal}/applications`, "Demo app");
  const production = demo.portal("production");
  const ops = await openBrowser();
  await signIn(ops, `${production}/sign-in`, "ada@example.com");
  await ops.goto(`${production}/applications/new`);
  await ops.getByLabel("Name", { exact: true }).fill("Billing service");
  await ops.getByLabel("Auth strategy").selectOption({ label: "Okta, production (1 product version, client made by Okta)" });
  await ops.getByRole("button", { name: "Create application" }).click();
  await ops.getByRole("button", { name: "Show the client secret" }).waitFor();
  await admin.goto(`${demo.base}/admin/system-accounts`);
  await admin.getByText("New system account").click();
  await admin.getByLabel("Name", { exact: true }).fill("Delivery");
  await admin.getByLabel("API product admin").check();
  await admin.getByRole("button", { name: "Create system account" }).click();
  await admin.getByLabel("Name of a new token").waitFor();
  const systemAccount = admin.url();
  return [
    [visitor, "directory", `${demo.base}/`],
    [visitor, "no-such-portal", demo.portal("nowhere")],
    [visitor, "sign-in", `${portal}/sign-in`],
    [visitor, "sign-up", `${portal}/sign-up`],
    [visitor, "sign-up-mail", signUpMail],
    [visitor, "forgot-password", `${portal}/forgot-password`],
    [visitor, "set-password", setPassword],
    [visitor, "admin-sign-in", `${demo.base}/admin/sign-in`],
    [ada, "catalogue", portal],
    [ada, "newest-version", product.replace(/\/versions.*/, "")],
    [ada, "product", product],
    [ada, "tag", `${product}?tag=Warnings`],
    [ada, "operation", await follow(ada, product, "/cities/{city}/current")],
    [ada, "operation-with-body", await follow(ada, product, "/subscriptions")],
    [ada, "operation-to-try", tried],
    [ada, "schema", `${product}/schemas/observation`],
    [ada, "document", await follow(ada, product, "Getting started")],
    [ada, "search", `${portal}/search?search=weather`],
    [ada, "register", `${product}/register`],
    [ada, "applications", `${portal}/applications`],
    [ada, "new-application", `${portal}/applications/new`],
    [ada, "application", application],
    [ops, "application-with-client", ops.url()],
    [ada, "account", `${portal}/account`],
    [ada, "explain", `${portal}/explain`],
    [ada, "not-found", `${portal}/nothing`],
    [admin, "admin-overview", `${demo.base}/admin`],
    [admin, "admin-portals", `${demo.base}/admin/portals`],
    [admin, "admin-new-portal", `${demo.base}/admin/portals/new`],
    [admin, "admin-new-product", `${demo.base}/admin/products/new`],
    [admin, "admin-new-document", (await follow(admin, `${demo.base}/admin/products`, "Weather")) + "/documents/new"],
    [admin, "admin-new-auth-strategy", `${demo.base}/admin/auth-strategies/new`],
    [admin, "admin-new-openid-connect", `${demo.base}/admin/auth-strategies/new?type=openid_connect`],
    [admin, "admin-dcr-providers", `${demo.base}/admin/dcr-providers`],
    [admin, "admin-new-dcr-provider", `${demo.base}/admin/dcr-providers/new?type=auth0`],
    [admin, "admin-dcr-provider", await testedProvider(admin, demo)],
    [admin, "admin-gateways", `${demo.base}/admin/gateways`],
    [admin, "admin-portal", await follow(admin, `${demo.base}/admin/portals`, "Weather")],
    [admin, "admin-products", `${demo.base}/admin/products`],
    [admin, "admin-product", await follow(admin, `${demo.base}/admin/products`, "Weather")],
    [admin, "admin-document", await follow(admin, `${demo.base}/admin/products`, "Weather", "Getting started")],
    [admin, "admin-version", await follow(admin, `${demo.base}/admin/products`, "Weather", "v1")],
    [admin, "admin-auth-strategies", `${demo.base}/admin/auth-strategies`],
    [admin, "admin-auth-strategy", await follow(admin, `${demo.base}/admin/auth-strategies`, "key-auth")],
    [admin, "admin-plugins", await follow(admin, `${demo.base}/admin/gateways`, "Built-in gateway", "The plugins that Kong would have")],
    [admin, "admin-gateway", await follow(admin, `${demo.base}/admin/gateways`, "Built-in gateway")],
    [admin, "admin-developers", `${demo.base}/admin/developers`],
    [admin, "admin-developer", await follow(admin, `${demo.base}/admin/developers`, "Ada Example")],
    [admin, "admin-registrations", `${demo.base}/admin/registrations`],
    [admin, "admin-applications", `${demo.base}/admin/applications`],
    [admin, "admin-access-tokens", `${demo.base}/admin/access-tokens`],
    [admin, "admin-management-api", `${demo.base}/admin/management-api`],
    [admin, "admin-management-api-operation", `${demo.base}/admin/management-api/operations/create-app-auth-strategy`],
    [admin, "admin-management-api-schema", `${demo.base}/admin/management-api/schemas/problem-details`],
    [admin, "admin-admins", `${demo.base}/admin/admins`],
    [admin, "admin-system-accounts", `${demo.base}/admin/system-accounts`],
    [admin, "admin-system-account", systemAccount],
    [admin, "admin-mails", `${demo.base}/admin/mail`],
    [admin, "admin-mail", mail],
    [admin, "admin-explain", `${demo.base}/admin/explain`],
  ];
}

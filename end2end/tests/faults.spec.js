// What is lost when something dies: nothing that was confirmed.

import { readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { expect, freePort, startPortico, startSmtp, test } from "./support.js";

const DEMO = { command: "demo", until: /curl \S+(\/weather\S+) --header 'apikey: (\S+)'/ };

/// One request, without a browser; `form` is posted as the form island posts.
function ask(portico, host, path, { form, cookie } = {}) {
  const body = form && new URLSearchParams(form).toString();
  const headers = { host: `${host}:${portico.port}`, accept: body ? "application/json" : "text/html" };
  if (cookie) headers.cookie = cookie;
  if (body) headers["content-type"] = "application/x-www-form-urlencoded";
  return new Promise((resolve, reject) => {
    const request = http.request({ port: portico.port, path, method: body ? "POST" : "GET", headers }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

/// Settings of another process on the database of this one.
function onDatabaseOf(portico) {
  const socket = path.join(portico.data, "postgres/socket");
  return {
    DATABASE_URL: `postgres:///postgres?host=${encodeURIComponent(socket)}&user=portico`,
    PORTICO_MASTER_KEY_FILE: path.join(portico.data, "master.key"),
  };
}

/// The cookie of the demo's developer.
async function signedIn(portico) {
  const form = { email: "ada@example.com", password: "weather or not", return_to: "/" };
  const answer = await ask(portico, "weather.localhost", "/_fn/sign-in", { form });
  expect(answer.status).toBe(204);
  return answer.headers["set-cookie"][0].split(";")[0];
}

const call = async (portico, target, key) => (await fetch(`${portico.gateway}${target}`, { headers: { apikey: key } })).status;

test("Postgres killed under load loses nothing that was confirmed, and calls go on meanwhile", async () => {
  test.setTimeout(120_000);
  // One keeps the Postgres, the other serves: so the Postgres stays dead until the keeper is started again.
  const keeper = await startPortico({ until: /Portico is at/ });
  const portico = await startPortico({ ...DEMO, settings: onDatabaseOf(keeper) });
  const [, target, key] = portico.match;
  const cookie = await signedIn(portico);
  const confirmed = [];
  const statuses = new Set();
  const calls = { passed: 0, other: [] };
  let running = true;
  let number = 0;
  const create = async () => {
    while (running) {
      const name = `Made under load ${number++}`;
      const { status } = await ask(portico, "weather.localhost", "/_fn/create-application", { form: { name, description: "" }, cookie });
      statuses.add(status);
      if (status === 204) confirmed.push(name);
    }
  };
  const keepCalling = async () => {
    while (running) {
      const status = await call(portico, target, key);
      if (status === 200) calls.passed++;
      else calls.other.push(status);
    }
  };
  const load = [create(), create(), create(), keepCalling()];
  await expect.poll(() => confirmed.length, { timeout: 20_000 }).toBeGreaterThan(20);

  const postmaster = Number(readFileSync(path.join(keeper.data, "postgres/data/postmaster.pid"), "utf8").split("\n")[0]);
  await keeper.kill();
  process.kill(postmaster, "SIGKILL");
  // Pages say that they are away, and come back by themselves.
  await expect.poll(() => statuses.has(503), { timeout: 30_000, intervals: [20] }).toBe(true);
  expect((await ask(portico, "weather.localhost", "/", { cookie })).status).toBe(503);
  const passedBefore = calls.passed;
  await expect.poll(() => calls.passed, { timeout: 10_000 }).toBeGreaterThan(passedBefore + 50);
  const beforeRecovery = confirmed.length;
  const again = await startPortico({ until: /Portico is at/, data: keeper.data });
  await expect.poll(() => confirmed.length, { timeout: 60_000 }).toBeGreaterThan(beforeRecovery + 20);
  running = false;
  await Promise.all(load);

  expect([...statuses].sort()).toEqual([204, 503]);
  expect(calls.other, "the gateway decides from memory").toEqual([]);
  const kept = new Set();
  for (let page = 1; ; page++) {
    const { text, status } = await ask(portico, "weather.localhost", `/applications?page=${page}`, { cookie });
    expect(status).toBe(200);
    const found = [...text.matchAll(/Made under load \d+/g)].map(([name]) => name);
    if (found.length === 0) break;
    for (const name of found) kept.add(name);
  }
  expect(confirmed.filter((name) => !kept.has(name))).toEqual([]);
  expect(await portico.stop()).toBe(0);
  expect(await again.stop()).toBe(0);
});

test("a mail that was due when Portico was killed goes out once it is back", async () => {
  test.setTimeout(120_000);
  const port = await freePort();
  const settings = { PORTICO_SMTP_URL: `smtp://127.0.0.1:${port}`, PORTICO_MAIL_FROM: "Portal <portal@example.com>" };
  const first = await startPortico({ ...DEMO, settings });
  const form = { email: "grace@example.com", full_name: "Grace Example" };
  expect((await ask(first, "weather.localhost", "/_fn/sign-up", { form })).status).toBe(204);
  await first.kill();
  const smtp = await startSmtp(port);
  const second = await startPortico({ ...DEMO, settings, data: first.data });
  await expect.poll(() => smtp.mails.length, { timeout: 80_000 }).toBe(1);
  expect(smtp.mails[0].to).toEqual(["grace@example.com"]);
  expect(smtp.mails[0].text).toContain("multipart/alternative");
  expect(smtp.mails[0].text).toMatch(/Content-Type: text\/html/i);
  expect(await second.stop()).toBe(0);
  expect(smtp.mails.length).toBe(1);
  await smtp.stop();
});

test("two processes on one database behave as one", async () => {
  test.setTimeout(120_000);
  const smtpPort = await freePort();
  const smtp = await startSmtp(smtpPort);
  const mail = { PORTICO_SMTP_URL: `smtp://127.0.0.1:${smtpPort}`, PORTICO_MAIL_FROM: "Portal <portal@example.com>" };
  const one = await startPortico({ ...DEMO, settings: mail });
  const two = await startPortico({ until: /The gateway is at/, settings: { ...mail, ...onDatabaseOf(one) } });
  const [, target] = one.match;

  // Whoever signs in here is signed in there.
  const cookie = await signedIn(one);
  const applications = await ask(two, "weather.localhost", "/applications", { cookie });
  expect(applications.text).toContain("Demo app");
  const application = applications.text.match(/\/applications\/([0-9a-f-]{36})/)[1];

  // A key made there passes here, and revoked there is refused here.
  const form = { application, display_name: "made at the other" };
  expect((await ask(two, "weather.localhost", "/_fn/create-credential", { form, cookie })).status).toBe(204);
  const page = await ask(one, "weather.localhost", `/applications/${application}`, { cookie });
  const key = page.text.match(/id="new-key">(ptk_\w+)/)[1];
  const becomes = (portico, status) =>
    expect.poll(() => call(portico, target, key), { intervals: [20], timeout: 1_000 }).toBe(status);
  await becomes(one, 200);
  await becomes(two, 200);
  const credential = page.text.split("made at the other")[1].match(/name="credential" value="([0-9a-f-]{36})"/)[1];
  expect((await ask(two, "weather.localhost", "/_fn/revoke-credential", { form: { application, credential }, cookie })).status).toBe(204);
  await becomes(one, 401);
  await becomes(two, 401);

  // Both send mails; each is sent once.
  for (let index = 0; index < 10; index++) {
    const form = { email: `dev${index}@example.com`, full_name: "Dev" };
    expect((await ask(index % 2 ? one : two, "weather.localhost", "/_fn/sign-up", { form })).status).toBe(204);
  }
  await expect.poll(() => smtp.mails.length, { timeout: 30_000 }).toBe(10);
  expect(new Set(smtp.mails.map(({ to }) => to[0])).size).toBe(10);

  // Fifty attempts at one account, spread over both, are limited as if there were one.
  const statuses = [];
  for (let index = 0; index < 50; index++) {
    const form = { email: "grace@example.com", password: `guess ${index}`, return_to: "/" };
    statuses.push((await ask(index % 2 ? one : two, "weather.localhost", "/_fn/sign-in", { form })).status);
  }
  expect(statuses.filter((status) => status === 401).length).toBe(10);
  expect(statuses.filter((status) => status === 429).length).toBe(40);
  expect(await two.stop()).toBe(0);
  expect(await one.stop()).toBe(0);
  expect(smtp.mails.length).toBe(10);
  await smtp.stop();
});

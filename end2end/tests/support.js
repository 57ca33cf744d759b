// A Portico of its own for each test, with its own Postgres, and an upstream for its gateway.

import { test as base, expect } from "@playwright/test";
import { spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";

export { expect };
export const ADMIN = { email: "admin@example.com", password: "an admin's password" };
export const ADA = { name: "Ada Example", email: "ada@example.com", password: "a developer's password" };

let started = 0;

/// Starts `portico <command>`; resolves once it has printed what `until` matches.
export async function startPortico({ command = "serve", until, settings = {} }) {
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const data = path.join(process.env.PORTICO_TEST_DIRECTORY, `${process.pid}-${started++}`);
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true });
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
  const stop = async () => {
    const ended = new Promise((resolve) => child.on("exit", resolve));
    child.kill("SIGTERM");
    const code = await ended;
    const isPostgresLeft = existsSync(path.join(data, "postgres/data/postmaster.pid"));
    expect(isPostgresLeft, "the private Postgres is stopped").toBe(false);
    await rm(data, { recursive: true, force: true });
    return code;
  };
  return {
    match,
    stop,
    log,
    base: `http://localhost:${port}`,
    portal: (slug) => `http://${slug}.localhost:${port}`,
    gateway: `http://127.0.0.1:${gatewayPort}`,
  };
}

export function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
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

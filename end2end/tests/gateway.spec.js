// What a gateway must pass through beyond plain calls: a connection that is upgraded.

import { expect, signIn, startPortico, test } from "./support.js";
import { createHash } from "node:crypto";
import http from "node:http";

/// What a server proves with that it speaks WebSocket (RFC 6455, section 4.2.2).
const accept = (key) => createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

/// Leads the demo's first service to another upstream.
async function lead(demo, openBrowser, url) {
  const admin = await openBrowser();
  await signIn(admin, `${demo.base}/admin/sign-in`, "admin@example.com");
  await admin.getByRole("link", { name: "Gateways" }).click();
  await admin.getByRole("link", { name: "Built-in gateway" }).click();
  const service = admin.locator("article", { hasText: "weather v1" });
  await service.getByText("Edit").click();
  await service.getByLabel("Upstream URL").fill(url);
  await service.getByRole("button", { name: "Save" }).click();
  await expect(admin.getByRole("status")).toContainText("Saved.");
}

test("a WebSocket passes through the gateway with a key, and not without", async ({ demo, openBrowser }) => {
  const upstream = http.createServer();
  upstream.on("upgrade", (request, socket) => {
    const proof = accept(request.headers["sec-websocket-key"]);
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    socket.write(`Sec-WebSocket-Accept: ${proof}\r\n\r\n`);
    socket.on("data", (data) => socket.write(`${request.headers["x-consumer-username"]} said ${data}`));
  });
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));

  await lead(demo, openBrowser, `http://127.0.0.1:${upstream.address().port}`);

  const key = demo.match[1].match(/ptk_\w+/)[0];
  const upgrade = (headers) =>
    new Promise((resolve, reject) => {
      const request = http.request(`${demo.gateway}/weather/v1/live`, {
        headers: {
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
          ...headers,
        },
      });
      request.on("response", (response) => resolve({ status: response.statusCode }));
      request.on("upgrade", (response, socket) => resolve({ status: response.statusCode, socket }));
      request.on("error", reject);
      request.end();
    });
  expect((await upgrade({})).status).toBe(401);
  let upgraded;
  await expect(async () => {
    upgraded = await upgrade({ apikey: key });
    expect(upgraded.status).toBe(101);
  }).toPass();
  const answer = new Promise((resolve) => upgraded.socket.on("data", (data) => resolve(data.toString())));
  upgraded.socket.write("hello");
  expect(await answer).toBe("Demo app said hello");
  upgraded.socket.destroy();
  upstream.close();
});

test("a call that has begun is finished before Portico stops", async ({ openBrowser }) => {
  const demo = await startPortico({ command: "demo", until: /(curl .+)/ });
  let begun;
  const hasBegun = new Promise((resolve) => (begun = resolve));
  const upstream = http.createServer((request, response) => begun(() => response.end("finished")));
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  await lead(demo, openBrowser, `http://127.0.0.1:${upstream.address().port}`);
  const key = demo.match[1].match(/ptk_\w+/)[0];
  const isLed = async () => {
    const call = fetch(`${demo.gateway}/weather/v1/slow`, { headers: { apikey: key } });
    return Promise.race([hasBegun.then((finish) => ({ call, finish })), call.then(() => null)]);
  };
  let inFlight = null;
  while (!inFlight) inFlight = await isLed();

  const stopping = demo.stop();
  await expect.poll(() => fetch(`${demo.base}/healthz`).catch(() => "refused")).toBe("refused");
  inFlight.finish();
  expect(await (await inFlight.call).text()).toBe("finished");
  expect(await stopping).toBe(0);
  upstream.close();
});

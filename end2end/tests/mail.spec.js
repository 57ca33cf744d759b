// Mail through a real SMTP server: sent once, and retried while the server is away.

import { expect, freePort, signIn, startPortico, startSmtp, test } from "./support.js";

test("a mail waits for its server and arrives once", async ({ openBrowser }) => {
  const port = await freePort();
  const settings = { PORTICO_SMTP_URL: `smtp://127.0.0.1:${port}`, PORTICO_MAIL_FROM: "Portal <portal@example.com>" };
  const portico = await startPortico({ command: "demo", until: /(curl .+)/, settings });
  const page = await openBrowser();
  await page.goto(`${portico.portal("weather")}/sign-up`);
  await page.getByLabel("Full name").fill("Grace Example");
  await page.getByLabel("Email").fill("grace@example.com");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("status")).toContainText("check your email");

  // Nobody listens yet: the admin sees that it is tried.
  const admin = await openBrowser();
  await signIn(admin, `${portico.base}/admin/sign-in`, "admin@example.com");
  await admin.getByRole("link", { name: "Mail" }).click();
  await admin.getByRole("link", { name: /Confirm your e-mail address/ }).click();
  await expect(async () => {
    await admin.reload();
    await expect(admin.getByText("the SMTP server did not take the mail")).toBeVisible({ timeout: 500 });
  }).toPass();

  const smtp = await startSmtp(port);
  await expect.poll(() => smtp.mails.length, { timeout: 30_000 }).toBe(1);
  expect(smtp.mails[0].to).toEqual(["grace@example.com"]);
  expect(smtp.mails[0].text).toContain("set-password");
  expect(smtp.mails[0].text).toMatch(/^From: Weather <portal@example.com>/m);
  await expect(async () => {
    await admin.reload();
    await expect(admin.getByText("The text was erased when the mail was sent")).toBeVisible({ timeout: 500 });
  }).toPass();
  expect(await portico.stop()).toBe(0);
  expect(smtp.mails.length).toBe(1);
  await smtp.stop();
  expect(portico.log.join("")).not.toContain("grace@example.com");
});

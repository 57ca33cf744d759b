import { defineConfig } from "@playwright/test";

const chrome = {
  headless: true,
  launchOptions: {
    executablePath: process.env.CHROME,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  },
};

export default defineConfig({
  testDir: "tests",
  workers: 2,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  outputDir: "../target/end2end",
  use: { ...chrome, actionTimeout: 10_000 },
  projects: [
    { name: "flows", testMatch: "*.spec.js" },
    { name: "screenshots", testMatch: "screenshots.js" },
  ],
});

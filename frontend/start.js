// Wakes the islands, on pages that have any. The names are filled in by the build.
const islands = document.querySelectorAll("leptos-island");
if (islands.length > 0) {
  const module = await import("PORTICO_JS");
  await module.default({ module_or_path: "PORTICO_WASM" });
  module.hydrate();
  for (const island of islands) {
    const wake = module[island.dataset.component];
    if (wake) {
      wake(island);
    } else {
      console.error(`No such island: ${island.dataset.component}`);
    }
  }
}

// Stopping at the worst of times: between two things that a start does.

import { expect, startPortico, test } from "./support.js";

test("Portico stops when it is told to while it is still starting", async () => {
  for (let round = 0; round < 5; round++) {
    const portico = await startPortico({ until: /Portico is at/ });
    expect(await portico.stop()).toBe(0);
  }
});

import { openPlatform } from "../../src/platform/index.ts";
import { must } from "../support/must.ts";
import { OpenBox } from "./open-box.ts";
import type { Rule } from "./rule.ts";
import { topics } from "./topics.ts";

/**
 * Run by kernel-rules.uml.test.ts in a kernel that has the drivers: a line for each rule. They take
 * turns. When several used the one processor of that kernel at once, single frames went missing,
 * others each time.
 */
async function report(box: OpenBox, { name, observe }: Rule): Promise<void> {
  const ended = await observe(box).then(
    (seen) => ({ seen }),
    (error: unknown) => ({ error: String(error) }),
  );
  box.empty();
  process.stdout.write(`${JSON.stringify({ name, ...ended })}\n`);
}

const only = process.argv[2] ?? "";
using box = new OpenBox(must(openPlatform()));
for (const rule of Object.values(topics).flat()) {
  if (rule.name.includes(only)) await report(box, rule);
}

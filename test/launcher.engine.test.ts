/** The launcher with the real npm and the real package-lock.json. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { asOrdinaryUser, Checkout } from "./launcher/checkout.ts";

const installTime = 120_000;
const repository = join(import.meta.dirname, "..");
const { PATH = "", HOME = "" } = process.env;

/** A clean clone whose main.ts needs a package. */
function cleanClone(): Checkout {
  const checkout = new Checkout();
  const lock = readFileSync(join(repository, "package-lock.json"), "utf8");
  checkout.write("package-lock.json", lock);
  checkout.write("src/main.ts", 'import { parse } from "yaml"; console.log(parse("ok: yes").ok);');
  return checkout;
}

test(
  "two launchers in a clean clone install once, and both run",
  async () => {
    using checkout = cleanClone();
    const env = { PATH, HOME };
    const endings = await Promise.all([checkout.run([], { env }), checkout.run([], { env })]);
    expect(endings.map(({ stdout }) => stdout)).toEqual(["yes\n", "yes\n"]);
    const words = endings.map(({ stderr }) => stderr).join("");
    expect(words.match(/installing/g)).toHaveLength(1);
    const version = await Bun.$`${join(checkout.modules, ".bin/bun")} --version`.text();
    expect(version.trim()).toBe(Bun.version);
    expect(readdirSync(checkout.modules)).not.toContain("typescript");
  },
  installTime,
);

test(
  "a user without a home starts from a clone that he may not write",
  async () => {
    using checkout = cleanClone();
    checkout.makeReadOnly();
    const options = { env: { PATH }, behind: asOrdinaryUser };
    expect(await checkout.run([], options)).toMatchObject({ exitCode: 0, stdout: "yes\n" });
    expect(await checkout.run([], options)).toMatchObject({ stdout: "yes\n", stderr: "" });
  },
  installTime,
);

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { err, type Problem, type Result } from "../base/index.ts";
import { type CniInstallRequest, installCni, uninstallCni } from "./cni-plugins.ts";
import type { InstallReport } from "./docker-units.ts";
import { type PluginFiles, pluginFiles } from "./plugin-files.ts";
import { isShim } from "./shim.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "landfall-plugins-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const known = ["macvlan", "ipvlan", "vlan", "landfall", "host-local", "static"];
const ports = (files: PluginFiles = pluginFiles) => ({
  program: "/usr/bin/landfall",
  files,
  known,
});

function request(other: Partial<CniInstallRequest> = {}): CniInstallRequest {
  return {
    effect: "done",
    binDirectory: join(root, "opt/cni/bin"),
    confDirectory: join(root, "etc/cni/net.d"),
    plugins: ["landfall"],
    directories: { runDirectory: "/run/landfall", stateDirectory: "/var/lib/landfall" },
    ...other,
  };
}

/** "created opt/cni/bin/landfall", or the Problem's code. */
function told(result: Result<InstallReport, Problem>): readonly string[] {
  if (!result.ok) return [result.error.code];
  return result.value.steps.map(({ step, what }) => `${step} ${what.slice(root.length + 1)}`);
}

/** Everything below the root: kind, mode and content of each name. */
function snapshot(directory = root): readonly string[] {
  return readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const path = join(directory, name);
      const stat = lstatSync(path);
      const line = `${path.slice(root.length + 1)} ${stat.mode.toString(8)}`;
      if (stat.isDirectory()) return [line, ...snapshot(path)];
      if (stat.isSymbolicLink()) return [`${line} -> ${readlinkSync(path)}`];
      return [`${line} ${new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex")}`];
    });
}

const bin = (name: string): string => join(root, "opt/cni/bin", name);

/** A node with the reference's plugins, one of them by a symbolic link. */
function putReference(): void {
  mkdirSync(join(root, "opt/cni/bin"), { recursive: true });
  mkdirSync(join(root, "usr/lib/cni"), { recursive: true });
  for (const name of ["macvlan", "host-local", "bridge"]) {
    writeFileSync(bin(name), `the reference's ${name}`);
    chmodSync(bin(name), 0o755);
  }
  writeFileSync(join(root, "usr/lib/cni/vlan"), "the reference's vlan");
  symlinkSync("../../../usr/lib/cni/vlan", bin("vlan"));
}

describe("install", () => {
  test("puts one plugin and an example there, and makes their directories", () => {
    expect(told(installCni(request(), ports()))).toEqual([
      "created opt",
      "created opt/cni",
      "created opt/cni/bin",
      "created etc",
      "created etc/cni",
      "created etc/cni/net.d",
      "created opt/cni/bin/landfall",
      "created etc/cni/net.d/landfall.conflist.example",
    ]);
    expect(isShim(readFileSync(bin("landfall")))).toBe(true);
    expect(lstatSync(bin("landfall")).mode & 0o777).toBe(0o755);
    const list = join(root, "etc/cni/net.d/landfall.conflist.example");
    const { cniVersion, plugins } = JSON.parse(readFileSync(list, "utf8"));
    // Current runtimes cannot read results of 1.1.0.
    expect([cniVersion, plugins[0].type]).toEqual(["1.0.0", "landfall"]);
  });

  test("keeps what it replaces, and leaves others alone", () => {
    putReference();
    const plugins = ["macvlan", "vlan", "landfall"];
    expect(told(installCni(request({ plugins }), ports())).slice(3, -1)).toEqual([
      "saved opt/cni/bin/macvlan.before-landfall",
      "replaced opt/cni/bin/macvlan",
      "saved opt/cni/bin/vlan.before-landfall",
      "replaced opt/cni/bin/vlan",
      "created opt/cni/bin/landfall",
    ]);
    expect(readFileSync(bin("macvlan.before-landfall"), "utf8")).toBe("the reference's macvlan");
    expect(readlinkSync(bin("vlan.before-landfall"))).toBe("../../../usr/lib/cni/vlan");
    expect(readFileSync(join(root, "usr/lib/cni/vlan"), "utf8")).toBe("the reference's vlan");
    expect(isShim(readFileSync(bin("vlan")))).toBe(true);
    expect(readFileSync(bin("bridge"), "utf8")).toBe("the reference's bridge");
  });

  test("a second run changes nothing, another version's plugins are replaced", () => {
    putReference();
    const plugins = ["macvlan", "landfall"];
    installCni(request({ plugins }), ports());
    const before = snapshot();
    expect(told(installCni(request({ plugins }), ports()))).toEqual([
      "unchanged opt/cni/bin/macvlan",
      "unchanged opt/cni/bin/landfall",
      "unchanged etc/cni/net.d/landfall.conflist.example",
    ]);
    expect(snapshot()).toEqual(before);
    const directories = { runDirectory: "/run/other", stateDirectory: "/var/lib/landfall" };
    expect(told(installCni(request({ plugins, directories }), ports())).slice(0, 2)).toEqual([
      "replaced opt/cni/bin/macvlan",
      "replaced opt/cni/bin/landfall",
    ]);
    expect(readFileSync(bin("macvlan.before-landfall"), "utf8")).toBe("the reference's macvlan");
  });

  test("dry run changes nothing, and says the same", () => {
    putReference();
    const before = snapshot();
    const wish = request({ plugins: ["macvlan"] });
    const dry = told(installCni({ ...wish, effect: "dry-run" }, ports()));
    expect(snapshot()).toEqual(before);
    expect(told(installCni(wish, ports()))).toEqual([...dry]);
  });

  test("where one was kept already and another took the place, it is refused", () => {
    putReference();
    installCni(request({ plugins: ["macvlan"] }), ports());
    writeFileSync(bin("macvlan"), "a newer package's");
    const before = snapshot();
    expect(told(installCni(request({ plugins: ["landfall", "macvlan"] }), ports()))).toEqual([
      "LF-CNI-SAVED-ALREADY",
    ]);
    expect(snapshot()).toEqual(before);
  });

  test("never replaces a directory, or the program that plugins start", () => {
    mkdirSync(bin("landfall"), { recursive: true });
    expect(told(installCni(request(), ports()))).toEqual(["LF-CNI-PLACE-TAKEN"]);
    symlinkSync("opt/cni/bin", join(root, "way"));
    const program = bin("macvlan");
    writeFileSync(program, "all of Landfall");
    const wish = request({ plugins: ["macvlan"], binDirectory: join(root, "way") });
    expect(told(installCni(wish, { ...ports(), program }))).toEqual(["LF-CNI-PLACE-TAKEN"]);
    expect(readFileSync(program, "utf8")).toBe("all of Landfall");
  });

  test("a path that plugins cannot carry is refused before anything is made", () => {
    const directories = { runDirectory: `/${"x".repeat(200)}`, stateDirectory: "/s" };
    expect(told(installCni(request({ directories }), ports()))).toEqual(["LF-CNI-PATH-LONG"]);
    expect(snapshot()).toEqual([]);
  });
});

describe("uninstall", () => {
  test("leaves the directories as they were", () => {
    putReference();
    mkdirSync(join(root, "etc/cni/net.d"), { recursive: true });
    const before = snapshot();
    installCni(request({ plugins: known }), ports());
    expect(told(uninstallCni(request(), ports()))).toEqual([
      "restored opt/cni/bin/macvlan",
      "removed opt/cni/bin/ipvlan",
      "restored opt/cni/bin/vlan",
      "removed opt/cni/bin/landfall",
      "restored opt/cni/bin/host-local",
      "removed opt/cni/bin/static",
      "removed etc/cni/net.d/landfall.conflist.example",
    ]);
    expect(snapshot()).toEqual(before);
    expect(told(uninstallCni(request(), ports()))).toEqual([
      "kept opt/cni/bin/macvlan",
      "kept opt/cni/bin/vlan",
      "kept opt/cni/bin/host-local",
    ]);
  });

  test("keeps what somebody put there since, and puts back what was removed by hand", () => {
    putReference();
    installCni(request({ plugins: ["macvlan", "vlan", "landfall"] }), ports());
    writeFileSync(bin("macvlan"), "a newer package's");
    rmSync(bin("vlan"));
    const list = join(root, "etc/cni/net.d/landfall.conflist.example");
    writeFileSync(list, "mine");
    expect(told(uninstallCni(request(), ports()))).toEqual([
      "kept opt/cni/bin/macvlan",
      "restored opt/cni/bin/vlan",
      "removed opt/cni/bin/landfall",
      "kept opt/cni/bin/host-local",
      "kept etc/cni/net.d/landfall.conflist.example",
    ]);
    expect(readFileSync(bin("macvlan"), "utf8")).toBe("a newer package's");
    expect(readFileSync(bin("macvlan.before-landfall"), "utf8")).toBe("the reference's macvlan");
  });
});

type When = "before" | "after";

/** The n-th file operation is refused: before anything happens, or after all of it did. */
function faulty(failAt: number, when: When): { files: PluginFiles; count: () => number } {
  let count = 0;
  const guard = <Args extends unknown[], T>(work: (...args: Args) => Result<T, string>) => {
    return (...args: Args): Result<T, string> => {
      count += 1;
      if (count !== failAt) return work(...args);
      if (when === "after") work(...args);
      return err("EIO");
    };
  };
  const files: PluginFiles = {
    look: guard(pluginFiles.look),
    put: guard(pluginFiles.put),
    name: guard(pluginFiles.name),
    move: guard(pluginFiles.move),
    remove: guard(pluginFiles.remove),
    makeDirectory: guard(pluginFiles.makeDirectory),
    removeDirectory: guard(pluginFiles.removeDirectory),
  };
  return { files, count: () => count };
}

const works = {
  "install on a node with plugins": () => {
    putReference();
    return installCni;
  },
  "install beside an older one": () => {
    putReference();
    const directories = { runDirectory: "/run/other", stateDirectory: "/s" };
    installCni(request({ plugins: ["macvlan", "landfall"], directories }), ports());
    return installCni;
  },
  uninstall: () => {
    putReference();
    installCni(request({ plugins: known }), ports());
    return uninstallCni;
  },
  "uninstall where a plugin was removed by hand": () => {
    putReference();
    installCni(request({ plugins: known }), ports());
    rmSync(bin("vlan"));
    return uninstallCni;
  },
};

const walks = Object.keys(works).flatMap((name) =>
  (["before", "after"] as const).map((when) => [name as keyof typeof works, when] as const),
);

test.each(walks)(
  "%s: whichever operation fails (%s it is done), all is as before",
  (name, when) => {
    const work = works[name]();
    const before = snapshot();
    for (let at = 1; ; at++) {
      const { files, count } = faulty(at, when);
      const result = work(request({ plugins: known }), ports(files));
      if (count() < at) {
        expect([result.ok, at > 15]).toEqual([true, true]);
        return;
      }
      expect(told(result)).toEqual(["LF-CNI-FILE"]);
      expect(snapshot()).toEqual(before);
    }
  },
);

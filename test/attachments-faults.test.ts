/**
 * Whatever goes wrong in an attachment, afterwards kernel, book and files are as before, or as
 * after, and agree with each other.
 */
import { describe, expect, test } from "bun:test";
import { ok, seconds } from "../src/base/index.ts";
import { type AttachmentRequest, memoryLocks, openEngine } from "../src/engine/index.ts";
import { addLink } from "../src/netlink/index.ts";
import type { Platform } from "../src/platform/index.ts";
import { addRequest, addressSet, directory, key, podsSpec } from "./support/attachments.ts";
import { bookOf, childrenIn, openFakeHost, storeKinds } from "./support/fake-host.ts";
import { walk, walkRefusals, withFault } from "./support/fault-walk.ts";
import { Killer, outcomeOf } from "./support/killer.ts";
import { codeOf, must } from "./support/must.ts";

const sets = [addressSet(0, ["10.0.0.50-10.0.0.53"]), addressSet(1, ["fd00::50-fd00::53"])];
const change: Partial<AttachmentRequest> = {
  addressing: { kind: "sets", sets },
  routes: [{ to: "0.0.0.0/0" as never, via: "10.0.0.1" as never }],
};

async function openSite(kind: (typeof storeKinds)[number]) {
  const host = openFakeHost(kind);
  must(await host.engine.attachments.ensureNetwork(podsSpec()));
  const sandbox = host.sandbox();
  const files = () => {
    const names = must(host.platform.files.list(directory));
    return names.filter((name) => !/^(lock|last_reserved_ip.*)$/.test(name)).sort();
  };
  return {
    host,
    sandbox,
    files,
    add: (engine = host.engine) => engine.attachments.add(addRequest(sandbox, change)),
    remove: (engine = host.engine) => engine.attachments.remove(key("c1")),
    stateOf: async () => [host.kernel.describe(), await bookOf(host.store), files()],
    /** The book holds it, the kernel its link and the directory its files; or none of them does. */
    expectAgreement: async (at: unknown) => {
      const { endpoints, leases, operations } = await bookOf(host.store);
      const links = childrenIn(host.kernel).map(({ alias, state }) => `${alias} ${state}`);
      expect([at, links]).toEqual([at, endpoints.map(({ link }) => `${link.alias} up`)]);
      const addresses = leases.map(({ address }) => address as string);
      expect([at, files(), operations]).toEqual([at, addresses.sort(), []]);
    },
    [Symbol.dispose]: () => host[Symbol.dispose](),
  };
}

describe.each([...storeKinds])("with the %s store", (storeKind) => {
  for (const kind of ["refused", "unheard"] as const) {
    test(`whichever request of the kernel is ${kind} when one is added, it is as before`, async () => {
      using site = await openSite(storeKind);
      const before = await site.stateOf();
      const walked = await walk(async (at) => {
        const fault = { kind, errno: "ENOMEM", at } as const;
        const { result, end } = await withFault(site.host, fault, () => site.add());
        await site.expectAgreement([at, codeOf(result)]);
        if (result.ok) must(await site.remove());
        expect([at, await site.stateOf()]).toEqual([at, before]);
        return end;
      });
      expect(walked).toBeGreaterThan(9);
    });

    test(`whichever request of the kernel is ${kind} when one is removed, it is there or gone`, async () => {
      using site = await openSite(storeKind);
      const walked = await walk(async (at) => {
        must(await site.add());
        const fault = { kind, errno: "ENOMEM", at } as const;
        const { result, end } = await withFault(site.host, fault, () => site.remove());
        await site.expectAgreement([at, codeOf(result)]);
        must(await site.remove());
        await site.expectAgreement([at, "removed"]);
        return end;
      });
      expect(walked).toBeGreaterThan(1);
    });
  }
});

test("whichever file, sysctl or request is refused when one is added, it is as before", async () => {
  using site = await openSite("memory");
  const before = await site.stateOf();
  const { platform } = site.host;
  const walked = await walkRefusals(platform, async (faulty, at) => {
    // What was seen in the round before is to be looked at again.
    await platform.clock.sleep(seconds(1));
    const result = await site.add(site.host.engineOn(faulty));
    await site.expectAgreement([at, codeOf(result)]);
    if (result.ok) must(await site.remove());
    expect([at, await site.stateOf()]).toEqual([at, before]);
    return at <= faulty.requests() ? "reached" : "passed";
  });
  expect(walked).toBeGreaterThan(14);
});

test("a link of that name that comes in between is nobody's loss", async () => {
  const codes = new Set<string>();
  for (let at = 1; at < 20; at++) {
    using site = await openSite("memory");
    const { host, sandbox } = site;
    let sends = 0;
    const intrude = (): void => {
      sends += 1;
      const stranger = addLink({ kind: "bridge", name: "eth0", ifindex: 42 });
      if (sends === at) host.run(sandbox, stranger);
    };
    const platform = beforeEachSend(host.platform, intrude);
    // What stands there when ours has its name already cannot have it, too.
    const result = await site.add(host.engineOn(platform)).catch(() => undefined);
    if (result === undefined) break;
    codes.add(codeOf(result));
    const names = host.kernel.state.links().filter(({ netns }) => netns === sandbox.cookie);
    expect([at, names.map(({ name, details }) => `${name} ${details.kind}`)]).toEqual([
      at,
      result.ok ? ["lo loopback", "eth0 macvlan"] : ["lo loopback", "eth0 bridge"],
    ]);
    await site.expectAgreement([at, codeOf(result)]);
  }
  expect([...codes]).toEqual(["LF-IFNAME-TAKEN"]);
});

/** `platform`, on which something happens before the kernel hears a request. */
function beforeEachSend(platform: Platform, happens: () => void): Platform {
  const open: Platform["sockets"]["open"] = (netns, spec) => {
    const socket = platform.sockets.open(netns, spec);
    if (!socket.ok) return socket;
    const { send } = socket.value;
    return ok({
      ...socket.value,
      send: (bytes, to) => {
        happens();
        return send(bytes, to);
      },
    });
  };
  return { ...platform, sockets: { open } };
}

test("whichever file or request is refused when one is removed, a second call ends it", async () => {
  using site = await openSite("memory");
  const walked = await walkRefusals(site.host.platform, async (faulty, at) => {
    must(await site.add());
    const result = await site.remove(site.host.engineOn(faulty));
    must(await site.remove());
    await site.expectAgreement([at, codeOf(result)]);
    return at <= faulty.requests() ? "reached" : "passed";
  });
  expect(walked).toBeGreaterThan(3);
});

/** An engine of a process that is killed at its n-th step, and one of another process. */
async function openMortal() {
  const site = await openSite("memory");
  const { platform, netns: hostNamespace, store } = site.host;
  const locks = memoryLocks();
  const living = openEngine({ platform, hostNamespace, store, locks });
  const mortal = (killer: Killer) => {
    const ports = { platform: killer.platform(platform), store: killer.store(store) };
    return openEngine({ ...ports, hostNamespace, locks });
  };
  return { ...site, living, mortal };
}

describe.each(["alive", "gone"] as const)("with the sandbox %s", (sandbox) => {
  test.each(["remove", "reconcile", "the list"] as const)(
    "an attachment killed at any point is ended by %s, files included",
    async (by) => {
      let at = 1;
      for (; at < 200; at++) {
        using site = await openMortal();
        const end = await outcomeOf(site.add(site.mortal(new Killer(at))));
        if (sandbox === "gone") site.sandbox.close();
        if (by === "reconcile") {
          must(await site.living.reconcile());
          await site.expectAgreement([at, "reconciled"]);
        }
        if (by === "the list") {
          for (const { key } of must(await site.living.attachments.list())) {
            must(await site.living.attachments.remove(key));
          }
        } else must(await site.remove(site.living));
        await site.expectAgreement([at, "removed"]);
        expect([at, must(await site.living.attachments.list()), site.files()]).toEqual([
          at,
          [],
          [],
        ]);
        if (end === "ended") break;
      }
      expect(at).toBeGreaterThan(15);
    },
  );

  test("a removal killed at any point is ended by the next, files included", async () => {
    let at = 1;
    for (; at < 200; at++) {
      using site = await openMortal();
      must(await site.add(site.living));
      if (sandbox === "gone") site.sandbox.close();
      const end = await outcomeOf(site.remove(site.mortal(new Killer(at))));
      must(await site.remove(site.living));
      await site.expectAgreement([at, "removed"]);
      expect([at, site.files()]).toEqual([at, []]);
      if (end === "ended") break;
    }
    expect(at).toBeGreaterThan(5);
  });
});

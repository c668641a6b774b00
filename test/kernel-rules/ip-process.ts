import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

/**
 * One `ip` or `bridge` that is told commands one after the other: to start one for each would take
 * most of the time there. It prints JSON and details.
 */
export class IpProcess implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  #stdout = "";
  #stderr = "";
  #asked = 0;
  #wake: () => void = () => {};

  constructor(program: "ip" | "bridge", namespace: string) {
    const options = ["-n", namespace, "-j", "-d", "-force", "-batch", "-"];
    this.#child = spawn(program, options);
    this.#child.stdin.on("error", () => {});
    this.#child.stdout.on("data", (bytes: Buffer) => {
      this.#stdout += bytes.toString();
      this.#wake();
    });
    this.#child.stderr.on("data", (bytes: Buffer) => {
      this.#stderr += bytes.toString();
      this.#wake();
    });
    this.#child.on("close", () => this.#wake());
  }

  /** What the command said to be wrong; empty when it was done. */
  async do(command: string): Promise<string> {
    // The next one is unknown, and that is told when this one is done. (A link that is not there
    // would have the kernel look for a module of that name.)
    const end = `end-${this.#asked++}`;
    this.#stdout = "";
    this.#stderr = "";
    this.#child.stdin.write(`${command}\n${end}\n`);
    await this.#until(() => this.#stderr.includes(end));
    const lines = this.#stderr.split("\n");
    const own = lines.slice(
      0,
      lines.findIndex((line) => line.includes(end)),
    );
    return own.filter((line) => !line.startsWith("Command failed ")).join("\n");
  }

  /** What the command printed: one JSON document on a line. */
  async show(command: string): Promise<string> {
    const wrong = await this.do(command);
    if (wrong !== "") throw new Error(`${command}: ${wrong}`);
    // The two pipes are read in any order.
    await this.#until(() => this.#stdout.endsWith("\n"));
    return this.#stdout;
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#child.exitCode !== null) throw new Error(`ip has ended: ${this.#stderr}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  [Symbol.dispose](): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}

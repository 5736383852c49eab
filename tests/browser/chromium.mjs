// Drives headless Chromium over its DevTools pipe. No packages.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ANSWER_LIMIT_MS = 60_000;
const EXIT_LIMIT_MS = 10_000;

/** Opens Chromium with one empty tab, runs `work` with it, and closes it again. */
export async function withTab(program, work) {
  const profile = mkdtempSync(join(tmpdir(), "rbgv-chromium-"));
  const child = spawn(program, [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars", "--remote-debugging-pipe",
    `--user-data-dir=${profile}`,
  ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const pipe = new Pipe(child);
  try {
    const { targetId } = await pipe.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await pipe.send("Target.attachToTarget", { targetId, flatten: true });
    return await work(new Tab(pipe, sessionId));
  } finally {
    // It ends its own children; killed, they would go on writing to the profile.
    const timer = setTimeout(() => child.kill("SIGKILL"), EXIT_LIMIT_MS);
    await pipe.send("Browser.close").catch(() => undefined);
    await exited;
    clearTimeout(timer);
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

class Pipe {
  #next = 0;
  #waiting = new Map();
  #rest = "";
  listeners = new Set();

  constructor(child) {
    [this.to, this.from] = [child.stdio[3], child.stdio[4]];
    this.to.on("error", () => undefined);
    this.from.setEncoding("utf8");
    this.from.on("data", (text) => {
      const messages = (this.#rest + text).split("\0");
      this.#rest = messages.pop();
      messages.forEach((message) => this.#receive(JSON.parse(message)));
    });
    const end = (why) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(why));
      this.#waiting.clear();
    };
    child.once("error", (error) => end(`Chromium did not start: ${error.message}`));
    child.once("exit", () => end("Chromium ended"));
  }

  #receive(message) {
    if (message.id === undefined) {
      for (const listener of this.listeners) listener(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error) waiting?.reject(new Error(message.error.message));
    else waiting?.resolve(message.result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#next;
    this.to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), ANSWER_LIMIT_MS);
      const settle = (then) => (value) => (clearTimeout(timer), then(value));
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
    });
  }
}

export class Tab {
  requests = [];
  complaints = [];

  constructor(pipe, sessionId) {
    this.send = (method, params) => pipe.send(method, params, sessionId);
    this.pipe = pipe;
    pipe.listeners.add(({ method, params }) => {
      if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
      if (method === "Runtime.exceptionThrown") {
        this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
      }
      if (method === "Runtime.consoleAPICalled") this.complaints.push(JSON.stringify(params.args));
      if (method === "Log.entryAdded") this.complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    });
  }

  async open(url) {
    for (const domain of ["Page", "Network", "Runtime", "Log"]) await this.send(`${domain}.enable`);
    const loaded = new Promise((resolve) => {
      this.pipe.listeners.add(({ method }) => method === "Page.loadEventFired" && resolve());
    });
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /** The value of an expression; promises are awaited. */
  async evaluate(expression) {
    const answer = await this.send("Runtime.evaluate", {
      expression, awaitPromise: true, returnByValue: true, userGesture: true,
    });
    if (answer.exceptionDetails) {
      throw new Error(`${expression}: ${answer.exceptionDetails.exception?.description}`);
    }
    return answer.result.value;
  }

  /** Waits until an expression is true; at most half a minute. */
  async until(expression) {
    for (let waited = 0; waited < 30_000; waited += 20) {
      if (await this.evaluate(`Boolean(${expression})`)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`never true: ${expression}`);
  }

  async key(key, code = key, keyCode = 0, text = undefined) {
    const event = { key, code, windowsVirtualKeyCode: keyCode, text };
    await this.send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  async mouse(type, x, y) {
    const buttons = type === "mouseReleased" ? 0 : 1;
    await this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", buttons, clickCount: 1 });
  }

  async screenshot() {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data, "base64");
  }
}

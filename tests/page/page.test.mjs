// Opens report pages in headless Chromium, from file://, and uses them as a reader would. Run by ctest:
//   node page.test.mjs VMEMCHECK SOURCE_DIR [CHROMIUM]
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [, , vmemcheck, source, executablePath = "/usr/bin/chromium"] = process.argv;
const folder = mkdtempSync(join(tmpdir(), "vmemcheck-page-"));
const report = (file, name) => {
  const page = join(folder, name);
  execFileSync(vmemcheck, ["report", file, "-o", page], { cwd: folder });
  return "file://" + page;
};
const regression = (name) => join(source, "tests/regressions", name + ".json");

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let failures = 0;

async function test(name, url, body, colorScheme = "light") {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => wrong.push("console: " + message.text()));
  page.on("pageerror", (error) => wrong.push("error: " + error.message));
  page.on("request", (request) => { if (!request.url().startsWith("file:") && !request.url().startsWith("data:")) wrong.push("request: " + request.url()); });
  try {
    await page.goto(url);
    await body(page);
    assert.deepEqual(wrong, []);
    console.log("ok      " + name);
  } catch (error) {
    ++failures;
    console.log("FAILED  " + name + "\n" + error.stack);
  }
  await context.close();
}
const position = async (page) => (await page.textContent("#position")).trim();
const visible = (page, selector) => page.$eval(selector, (row) => {
  const box = row.getBoundingClientRect(), port = document.getElementById("scroll").getBoundingClientRect();
  return box.top >= port.top && box.bottom <= port.bottom && box.bottom <= innerHeight;
});
const color = (page, selector) => page.$eval(selector, (e) => getComputedStyle(e).backgroundColor);

try {
  const counterexample = report(regression("linux-6.1-not-broken"), "counterexample.html");
  const steps = JSON.parse(readFileSync(regression("linux-6.1-not-broken"))).steps.length;

  await test("a counterexample is walked by keys, buttons, slider and clicks", counterexample, async (page) => {
    assert.match(await page.textContent("h1"), /not-broken violated in linux-6\.1/);
    assert.equal(await position(page), `0 of ${steps}`);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    assert.equal(await position(page), `2 of ${steps}`);
    assert.match(await page.textContent("#live"), /^Step 2, /);
    await page.keyboard.press("ArrowLeft");
    assert.equal(await position(page), `1 of ${steps}`);
    await page.keyboard.press("End");
    assert.equal(await position(page), `${steps} of ${steps}`);
    await page.keyboard.press("ArrowRight");
    assert.equal(await position(page), `${steps} of ${steps}`);
    await page.keyboard.press("Home");
    await page.click("#next");
    await page.click("#next");
    await page.click("#previous");
    assert.equal(await position(page), `1 of ${steps}`);
    await page.focus("#slider");
    await page.keyboard.press("ArrowRight");
    assert.equal(await position(page), `2 of ${steps}`);
    await page.$eval("#slider", (slider) => { slider.value = 20; slider.dispatchEvent(new Event("input")); });
    assert.equal(await position(page), `20 of ${steps}`);
    await page.click("#svg .row:nth-of-type(24) .number");
    assert.match(await position(page), / of /);
    assert.equal(await page.$$eval("#svg .row.now", (rows) => rows.length), 1);
    assert.equal(await page.$$eval("#svg .row", (rows) => rows.length), steps);
  });

  await test("the violating step is shown when asked for", counterexample, async (page) => {
    await page.click("#goal");
    assert.equal(await position(page), `${steps} of ${steps}`);
    assert.ok(await visible(page, "#svg .row.bad"));
    assert.match(await page.textContent("#live"), /broken: no → after-recoverable-error.*This is the violation\./);
    assert.match(await page.textContent("#step"), /virtio_mem_run_wq/);
    await page.keyboard.press("Home");
    await page.keyboard.press("v");
    assert.equal(await position(page), `${steps} of ${steps}`);
  });

  await test("locks are bars, faults and messages are marked", counterexample, async (page) => {
    // As many bars as the run takes each lock.
    const file = JSON.parse(readFileSync(regression("linux-6.1-not-broken")));
    const taken = (lock) => file.steps.filter((s) => s.changes[lock] && s.changes[lock][0] === "none").length;
    for (const [n, lock] of ["device_hotplug_lock", "mem_hotplug_lock", "hotplug_mutex"].entries()) {
      assert.ok(taken(lock) > 0);
      assert.equal(await page.$$eval(`#svg .lock-${n}`, (bars) => bars.length), taken(lock), lock);
    }
    assert.match(await page.textContent("#svg .fault"), /veto-before-driver=NOTIFY_BAD/);
    assert.ok((await page.$$eval("#svg .said", (all) => all.map((e) => e.textContent))).includes("PLUG"));
  });

  await test("memory is coloured by what it is", counterexample, async (page) => {
    const seen = new Map();
    for (let i = 0; i <= steps; ++i) {
      for (const [kind, background] of await page.$$eval("#strip .page", (all) => all.map((e) => [e.className.split(" ")[1], getComputedStyle(e).backgroundColor]))) seen.set(kind, background);
      if (i === 0) assert.equal(await page.$$eval("#strip .page", (all) => all.length), 2);
      await page.keyboard.press("ArrowRight");
      await page.waitForTimeout(1);
    }
    for (const kind of ["none", "buddy", "fake-offline-dirty"]) assert.ok(seen.has(kind), kind);
    assert.ok(new Set(seen.values()).size >= 3, JSON.stringify([...seen]));
    assert.match(await page.textContent("#strip"), /big block 0: ADDED/);
    assert.match(await page.textContent("#strip"), /refs 0/);
  });

  await test("dark and light, by the system and by the button", counterexample, async (page) => {
    const dark = await color(page, "body");
    await page.click("#theme");
    const light = await color(page, "body");
    assert.notEqual(dark, light);
    assert.equal(await page.getAttribute("#theme", "aria-pressed"), "false");
    const shade = (c) => c.match(/\d+/g).map(Number).reduce((a, b) => a + b);
    assert.ok(shade(dark) < 200 && shade(light) > 600);
  }, "dark");

  await test("a screen reader finds names and regions", counterexample, async (page) => {
    assert.equal(await page.$$eval("main, header", (all) => all.length), 2);
    assert.equal(await page.getAttribute("#live", "aria-live"), "polite");
    await page.keyboard.press("End");
    assert.match(await page.getAttribute("#slider", "aria-valuetext"), /step \d+ of \d+/);
    assert.equal(await page.$$eval("button", (all) => all.filter((b) => !b.textContent.trim() && !b.getAttribute("aria-label")).length), 0);
    assert.equal(await page.$$eval("section", (all) => all.filter((s) => !s.getAttribute("aria-label") && !s.getAttribute("aria-labelledby")).length), 0);
    assert.ok((await page.$$eval("#strip .page", (all) => all.map((e) => e.getAttribute("aria-label")))).every((l) => /^page \d+: /.test(l)));
  });

  const lasso = report(regression("linux-6.12-offlining-never-ends"), "lasso.html");
  await test("a lasso goes round", lasso, async (page) => {
    const file = JSON.parse(readFileSync(regression("linux-6.12-offlining-never-ends")));
    await page.click("#goal");
    assert.equal(await position(page), `${file.loop + 1} of ${file.steps.length}`);
    assert.ok(await visible(page, "#svg .row.now"));
    for (let i = file.loop; i < file.steps.length; ++i) await page.keyboard.press("ArrowRight");
    assert.equal(await position(page), `${file.loop + 1} of ${file.steps.length}`);
    assert.match(await page.textContent("#live"), /^Again from the beginning of the loop/);
    assert.equal(await page.$$eval("#svg path.loop", (all) => all.length), 1);
    assert.match(await page.textContent("#waits"), /hotplug_mutex is held by user all the time/);
    assert.match(await page.textContent("#message"), /Fair by: worker-runs/);
  });
  await test("where nothing happens any more, it says so", report(regression("linux-6.12-lost-wake-up"), "stays.html"), async (page) => {
    await page.click("#goal");
    assert.match(await page.textContent("#svg"), /nothing happens any more, for ever/);
  });

  spawnSync(vmemcheck, ["check", "--all", "--release", "linux-6.1", "--memory-blocks", "1", "--no-leftovers", "--allocations", "0", "--pins", "0", "--user-requests", "0", "--resizes", "2", "--json", "result.json"], { cwd: folder });
  await test("a result shows its verdicts and each run", report(join(folder, "result.json"), "result.html"), async (page) => {
    const result = JSON.parse(readFileSync(join(folder, "result.json")));
    const runs = result.verdicts.filter((v) => v.file);
    assert.ok(runs.length >= 2);
    assert.equal(await page.$$eval("#verdicts tbody tr", (all) => all.length), result.verdicts.length);
    const buttons = await page.$$("#verdicts button");
    assert.equal(buttons.length, runs.length);
    for (const [i, run] of runs.entries()) {
      await buttons[i].click();
      assert.match(await page.textContent("#message"), new RegExp("^" + run.property));
      assert.match(await position(page), new RegExp(`of ${run.steps}$`));
    }
  });

  await test("a recording is shown with its tasks", report(join(source, "tests/recordings/linux-6.1/veto-eperm-safe-veto-after-driver.jsonl"), "recording.html"), async (page) => {
    assert.match(await page.textContent("#message"), /^accepted: \d+ of \d+ events are explained/);
    assert.match(await page.textContent("#lanes"), /kworker/);
    await page.keyboard.press("End");
    assert.match(await page.textContent("#state"), /plugged_size/);
    assert.ok(await page.$$eval("#svg .lock", (all) => all.length) > 2);
  });

  // What is in a file is text, whatever it looks like.
  const hostile = readFileSync(join(source, "tests/recordings/linux-6.1/veto-eperm-safe-veto-after-driver.jsonl"), "utf8");
  writeFileSync(join(folder, "<img src=x>.jsonl"), hostile.replaceAll("kworker/", "</script><img src=x>kworker/"));
  await test("hostile words are words", report(join(folder, "<img src=x>.jsonl"), "hostile.html"), async (page) => {
    assert.equal(await page.$$eval("img", (all) => all.length), 0);
    assert.match(await page.textContent("#lanes"), /<\/script><img/);
    assert.match(await page.textContent("h1"), /<img src=x>/);
  });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failures === 0 ? 0 : 1);

// SPDX-License-Identifier: MIT
// Opens pages of 'vmemcheck report' in headless Chromium as a reader would: from file://, with no network.
//   node page_test.mjs VMEMCHECK SOURCE_DIR CHROMIUM [FOLDER FOR SCREENSHOTS]
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {chromium} from 'playwright-core';

const [program, source, executablePath, pictures] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'vmemcheck-page-'));
const regressions = join(source, 'tests', 'regressions');
const broken = join(regressions, 'linux-6.1-not-broken.json');

function report(file, name) {
    const out = join(folder, name);
    execFileSync(program, ['report', file, '-o', out], {stdio: ['ignore', 'ignore', 'inherit']});
    return pathToFileURL(out).href;
}

const browser = await chromium.launch({executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']});
let failed = 0;

// Opens a page, and fails for every console error, script error and request other than for the page itself.
async function test(name, url, options, body) {
    const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
    const page = await context.newPage();
    const problems = [];
    page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('request', (request) => { if (request.url() !== url) problems.push(`request: ${request.url()}`); });
    try {
        await page.goto(url);
        await body(page);
        assert.deepEqual(problems, [], 'console errors or requests');
        if (pictures) await page.screenshot({path: join(pictures, name.replaceAll(' ', '-') + '.png')});
        console.log(`ok      ${name}`);
    } catch (error) {
        ++failed;
        console.log(`FAILED  ${name}: ${error.message}`);
    }
    await context.close();
}

const step = async (page) => Number(await page.locator('#slider').inputValue());
const colours = (page) => page.locator('#memory .page').evaluateAll(
    (pages) => pages.map((p) => getComputedStyle(p).backgroundColor));
const refcounts = (page) => page.locator('#memory .page').allInnerTexts();
const inView = (page) => page.locator('.row.now').evaluate((row) => {
    const a = row.getBoundingClientRect(), b = document.getElementById('scroll').getBoundingClientRect();
    return a.top >= b.top - 1 && a.bottom <= b.bottom + 1 && a.bottom <= innerHeight;
});

/** How often locks are taken in a counterexample file. */
function taken(file) {
    let count = 0;
    for (const {changes} of JSON.parse(readFileSync(file)).steps) {
        for (const lock of ['device_hotplug_lock', 'mem_hotplug_lock', 'hotplug_mutex']) {
            if (changes[lock] && changes[lock][1] !== 'none') ++count;
        }
    }
    return count;
}

await test('counterexample', report(broken, 'run.html'), {}, async (page) => {
    assert.match(await page.locator('h1').innerText(), /not-broken.*violated.*linux-6.1/);
    assert.equal(await step(page), 0);
    const before = await page.locator('#live').innerText();
    await page.locator('#next').click();
    assert.equal(await step(page), 1);
    assert.notEqual(await page.locator('#live').innerText(), before);
    await page.keyboard.press('ArrowRight');
    assert.equal(await step(page), 2);
    await page.keyboard.press('ArrowLeft');
    assert.equal(await step(page), 1);
    await page.keyboard.press('End');
    assert.equal(await step(page), 73);
    await page.keyboard.press('Home');
    assert.equal(await step(page), 0);
    const empty = await colours(page);
    await page.locator('#slider').fill('50');
    assert.equal(await step(page), 50);
    assert.notDeepEqual(await colours(page), empty, 'colours of pages change');
    assert.match((await refcounts(page))[0], /F\*\s*1/, 'and letter and refcount');
    await page.locator('#slider').fill('0');
    assert.deepEqual(await colours(page), empty, 'and change back');
    await page.locator('#goal').click();
    assert.equal(await step(page), 73);
    assert.ok(await inView(page), 'the violating step is in view');
    assert.match(await page.locator('#live').innerText(), /violating step/);
    assert.match(await page.locator('#changes').innerText(), /broken\s+no → after-recoverable-error/);
    assert.equal(await page.locator('.lock').count(), taken(broken));
    await page.locator('.row[data-step="60"]').click();
    assert.equal(await step(page), 60);
    assert.match(await page.locator('#locks').innerText(), /device_hotplug_lock: held by worker/);
    const themeOf = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await themeOf();
    await page.locator('#theme').click();
    assert.notEqual(await themeOf(), light);
    assert.equal(await page.locator('#theme').getAttribute('aria-pressed'), 'true');
    await page.locator('#theme').click();
    for (const button of await page.locator('button, input').all()) {
        assert.ok(await button.evaluate((b) => !b.checkVisibility() || b.textContent.trim() || b.getAttribute('aria-label')), 'has a name');
    }
});

await test('dark', report(broken, 'dark.html'), {colorScheme: 'dark'}, async (page) => {
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
    await page.locator('#goal').click();
});

const lasso = join(regressions, 'linux-6.12-offlining-never-ends.json');
const {loop} = JSON.parse(readFileSync(lasso));
await test('lasso', report(lasso, 'lasso.html'), {}, async (page) => {
    assert.equal(await page.locator('path.loop').count(), 1);
    assert.ok(await page.locator('#waits li').count() > 0, 'who waits is told');
    await page.locator('#goal').click();
    assert.equal(await step(page), loop + 1);
    assert.match(await page.locator('#facts').innerText(), /worker-runs/);
    assert.match(await page.locator('#waits').innerText(), /held by user task/);
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowRight');
    assert.equal(await step(page), loop + 1, 'after the last step the loop begins again');
    assert.match(await page.locator('#live').innerText(), /in the loop/);
});

execFileSync('sh', ['-c', `"$0" check --mutant free-without-unregister --property no-use-after-free --allocations 0 \
  --no-leftovers --json result.json >/dev/null; test $? -eq 1`, program], {cwd: folder});
await test('result', report(join(folder, 'result.json'), 'result.html'), {}, async (page) => {
    assert.match(await page.locator('#verdicts').innerText(), /no-use-after-free\s+✗ violated/);
    assert.match(await page.locator('#statistics').innerText(), /states/);
    await page.locator('#verdicts button').first().click();
    await page.locator('#goal').click();
    assert.equal(await step(page), JSON.parse(readFileSync(join(folder, 'result.json'))).verdicts[0].steps);
});

const recording = join(source, 'tests', 'recordings', 'linux-6.1', 'veto-second-block-safe-veto-after-driver.jsonl');
await test('recording', report(recording, 'recording.html'), {}, async (page) => {
    const lines = readFileSync(recording, 'utf8').trim().split('\n').length;
    assert.equal(await page.locator('.row').count(), lines);
    assert.match(await page.locator('#message').innerText(), /456 of 456 events/);
    assert.ok(await page.locator('.lock').count() > 10);
    const empty = await colours(page);
    await page.locator('#slider').fill('300');
    assert.notDeepEqual(await colours(page), empty);
    await page.keyboard.press('End');
    assert.equal(await step(page), lines);
    assert.ok(await inView(page));
    await page.locator('#slider').fill('330');
});

await browser.close();
rmSync(folder, {recursive: true});
process.exit(failed ? 1 : 0);

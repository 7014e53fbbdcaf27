import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { Sale } from '../pages/sale';
import { AWAY, expect, test, Till } from '../pages/test';

test.use({ flags: ['--demo'] });

const N_WAITING = 2_000;

/** Kills every process that works on a folder, and tells how many there were. */
async function kill9(folder: string): Promise<number> {
    let n_killed = 0;
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        if (!command.includes(folder)) continue;
        process.kill(Number(pid), 'SIGKILL');
        n_killed++;
    }
    return n_killed;
}

test('a shift goes on with no server, through a closed browser, and ends on every till', async ({ till, another, shop, noise, context, language }) => {
    noise.expect(AWAY);
    const { words } = till;
    await till.enter('cashier');
    await till.ready();
    const station_id = await till.floor.card(6).stationId();
    const n_sales = (await till.api.table('sale')).length;
    await shop.kill9();
    await expect(till.page.locator('.badge')).toHaveAttribute('data-link', 'offline');

    await till.floor.card(6).press(words.start);
    await till.floor.start.start();
    await till.floor.card(6).shows('playing');
    await till.floor.card(6).press(words.order);
    await till.floor.order.add('Tea', 'Pepsi');
    await till.floor.order.save();
    await till.floor.card(6).press(words.pause);
    await till.floor.card(6).shows('paused');
    await till.page.close();

    const later = new Till(await context.newPage(), language);
    await later.go('/sale');
    await expect(later.page.getByRole('heading', { level: 1 })).toHaveText(words.sale);
    const sale = new Sale(later.page, words);
    await sale.add('Tea');
    await sale.sell();
    await later.go('/');
    await later.floor.card(6).shows('paused');
    await expect(later.page.locator('.badge [role=status]')).toContainText(words.waiting);
    await later.floor.card(1).press(words.bill);
    await later.floor.end.finish();
    await later.floor.receipt.close();
    await later.floor.card(1).shows('free');

    await shop.start();
    await later.stored();
    expect(await later.api.table('sale')).toHaveLength(n_sales + 1);
    const played = await later.api.liveOn(station_id);
    expect(played.lines).toHaveLength(2);
    expect(played.marks).toMatchObject([{ is_pause: true }]);
    const other = await another();
    await other.enter('manager');
    await other.floor.card(6).shows('paused');
    await other.floor.card(1).shows('free');
});

test.describe('on a line that cheats', () => {
    // The worker would stand between the page and the cheat.
    test.use({ serviceWorkers: 'block' });

    test('an answer that is lost after the commit doubles nothing', async ({ till, noise }) => {
        noise.expect(AWAY);
        const { words, page } = till;
        await till.enter('cashier');
        await till.stored();
        const station_id = await till.floor.card(6).stationId();
        let n_lost = 0;
        await page.route('**/api/push', async (route) => {
            const answer = await route.fetch();
            if (n_lost++ < 2) await route.abort('connectionreset');
            else await route.fulfill({ response: answer });
        });
        await till.floor.card(6).press(words.start);
        await till.floor.start.start();
        await till.floor.card(6).press(words.order);
        await till.floor.order.add('Tea');
        await till.floor.order.save();
        await till.stored();
        expect(n_lost).toBeGreaterThan(1);
        expect((await till.api.liveOn(station_id)).lines).toMatchObject([{ quantity: 1 }]);
    });

    test('a portal that answers everything with a page takes nothing', async ({ till, noise }) => {
        noise.expect(AWAY);
        const { words, page } = till;
        await till.enter('cashier');
        await till.stored();
        const seq = await till.api.seq();
        await page.route('**/api/**', (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Sign in to WiFi</h1>' }));
        await till.floor.card(6).press(words.start);
        await till.floor.start.start();
        await till.floor.card(6).shows('playing');
        await expect(page.locator('.badge [role=status]')).toContainText(words.waiting);
        expect(await till.api.seq()).toBe(seq);
        await page.unroute('**/api/**');
        await till.sync.open();
        await till.sync.send();
        expect(await till.api.seq()).toBeGreaterThan(seq);
    });

    test('what does not move although the server answers is shown, and goes on by itself', async ({ till }) => {
        const { words, page } = till;
        await page.clock.install();
        await till.enter('cashier');
        await till.stored();
        const station_id = await till.floor.card(6).stationId();
        // The server is asked with nothing in hand, and so has taken nothing.
        let cheats = true;
        await page.route('**/api/push', async (route) => {
            if (!cheats) return route.continue();
            const { batch } = route.request().postDataJSON();
            await route.fulfill({ response: await route.fetch({ postData: { batch: { ...batch, ops: [] } } }) });
        });
        await till.floor.card(6).press(words.start);
        await till.floor.start.start();
        await expect(page.locator('.badge [role=status]')).toContainText(words.waiting);
        const aMinuteGoesBy = async () => {
            await page.clock.runFor(5_000);
            await till.linked('error', 500);
        };
        await expect(aMinuteGoesBy).toPass({ timeout: 60_000 });
        cheats = false;
        await page.clock.runFor(5_000);
        await till.stored();
        await till.api.liveOn(station_id);
    });
});

test('two tabs of one browser count as one device', async ({ till, shop, noise, context, language }) => {
    noise.expect(AWAY);
    const { words } = till;
    await till.enter('cashier');
    const tab = new Till(await context.newPage(), language);
    await tab.go('/');
    await tab.live();
    const seq = await till.api.seq();
    await shop.kill9();
    for (const [page, place] of [[till, 6], [tab, 7]] as const) {
        await page.floor.card(place).press(words.start);
        await page.floor.start.start();
    }
    await till.floor.card(7).shows('playing');
    await tab.floor.card(6).shows('playing');
    await shop.start();
    await till.stored();
    await tab.stored();
    expect(await till.api.seq()).toBe(seq + 2);
});

test('two tills that started one station while apart share its session, and somebody is told', async ({ till, another, shop, noise }) => {
    noise.expect(AWAY);
    const { words } = till;
    const other = await another();
    await till.enter('manager');
    await other.enter('cashier');
    await till.ready();
    await other.ready();
    const station_id = await till.floor.card(6).stationId();
    await shop.kill9();
    for (const device of [till, other]) {
        await device.floor.card(6).press(words.start);
        await device.floor.start.start();
        await device.floor.card(6).press(words.order);
        await device.floor.order.add('Tea');
        await device.floor.order.save();
    }
    await shop.start();
    await till.stored();
    await other.stored();
    const live = await till.api.liveOn(station_id);
    expect(live.lines?.map(({ quantity }) => quantity)).toEqual([1, 1]);
    for (const device of [till, other]) {
        await expect(device.floor.card(6).root.locator('.orders')).toContainText('2');
    }

    await till.sync.open();
    const note = till.sync.toLookAt.filter({ hasText: words.second_start });
    await expect(note).toHaveCount(1);
    await note.getByRole('button', { name: words.dismiss }).click();
    await expect(note).toHaveCount(0);
    await till.stored();
    await other.sync.open();
    await expect(other.sync.toLookAt).toHaveCount(0);
});

test('what waits is listed in words', async ({ till, shop, noise }) => {
    noise.expect(AWAY);
    const { words, sync } = till;
    await till.enter('cashier');
    await till.stored();
    await shop.kill9();
    await till.floor.card(6).press(words.start);
    await till.floor.start.start();
    await sync.open();
    await expect(sync.waiting).toHaveCount(1);
    await expect(sync.waiting).toContainText([words.was_started]);
    await shop.start();
    await sync.send();
});

test('a browser that was killed opens where it was, on a page it never saw', async ({ shop, language, noise }, info) => {
    noise.expect(AWAY);
    const profile = await mkdtemp(join(tmpdir(), 'mikrodash-browser-'));
    const launch = () => chromium.launchPersistentContext(profile, { ...info.project.use.launchOptions, headless: true, baseURL: shop.url });
    const first = await launch();
    await first.addCookies([{ name: 'language', value: language, url: shop.url }]);
    const till = new Till(first.pages()[0], language);
    await till.enter('cashier');
    await till.ready();
    await shop.kill9();
    await till.floor.card(6).press(till.words.start);
    await till.floor.start.start();
    await till.floor.card(6).shows('playing');
    expect(await kill9(profile)).toBeGreaterThan(0);
    await first.close().catch(() => {});

    const second = await launch();
    await second.addCookies([{ name: 'language', value: language, url: shop.url }]);
    const later = new Till(second.pages()[0], language);
    const took: string[] = [];
    for (const [path, slower] of [['/stations', 1], ['/menu', 4], ['/', 1]] as const) {
        const session = await second.newCDPSession(later.page);
        await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
        const began = Date.now();
        await later.go(path);
        await expect(later.page.getByRole('heading', { level: 1 })).toBeVisible();
        took.push(`${path} ${Date.now() - began} ms${slower > 1 ? ` at ${slower}x slowdown` : ''}`);
    }
    console.log(`    opened with no server: ${took.join(', ')}`);
    await later.floor.card(6).shows('playing');
    const seen = later.page.locator('.badge [role=status]');
    await expect(seen).toContainText(later.words.waiting);
    await shop.start();
    // The cookie died with the browser: what waits goes on waiting, for a login.
    await expect(seen).toContainText(later.words.signed_out, { timeout: 15_000 });
    await expect(seen).toContainText(later.words.waiting);
    await later.enter('cashier');
    await later.stored();
    await later.floor.card(6).shows('playing');
    await second.close();
    await rm(profile, { recursive: true, force: true });
});

test('the worker sends what waits with no page open', async ({ till, shop, noise, context }) => {
    noise.expect(AWAY);
    const { words, api } = till;
    await till.enter('cashier');
    await till.ready();
    const station_id = await till.floor.card(6).stationId();
    await shop.kill9();
    await till.floor.card(6).press(words.start);
    await till.floor.start.start();
    await till.floor.card(6).shows('playing');
    await till.page.close();
    await shop.start();

    // No page of the app: a picture, beside which the browser wakes the worker as it does when the network is back.
    const picture = await context.newPage();
    const browser = await context.newCDPSession(picture);
    const registered = new Promise<string>((done) => {
        browser.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
            if (registrations.length > 0) done(registrations[0].registrationId);
        });
    });
    await browser.send('ServiceWorker.enable');
    await picture.goto('/icon.svg');
    const registrationId = await registered;
    await browser.send('ServiceWorker.dispatchSyncEvent', { origin: shop.url, registrationId, tag: 'outbox', lastChance: false });
    await expect(async () => expect((await api.liveOn(station_id)).station_id).toBe(station_id)).toPass({ timeout: 10_000 });
});

test('two thousand operations that waited are sent in order, once', async ({ till, shop, noise }, info) => {
    test.setTimeout(300_000);
    noise.expect(AWAY);
    const { words, floor, page, api, sync } = till;
    // Pressing takes minutes, and a cashier takes back only what was ordered a moment ago.
    await till.enter('manager');
    await till.ready();
    const places = [6, 7];
    for (const place of places) {
        await floor.card(place).press(words.start);
        await floor.start.start();
        await floor.card(place).press(words.order);
        await floor.order.add('Tea');
        await floor.order.save();
    }
    await till.stored();
    const seq = await api.seq();
    await shop.kill9();
    // Up to the largest quantity, down to the smallest: one too many, or one in a wrong place, would be refused.
    const steps = Array.from({ length: N_WAITING / places.length }, (_, n) => (Math.floor(n / 98) % 2 === 0 ? 1 : -1));
    for (const place of places) {
        await floor.card(place).open();
        await floor.session.line('Tea').evaluate(press, steps);
        await floor.session.close();
    }
    await expect(page.locator('.badge [role=status]')).toContainText(/2,?000/);
    await shop.start();
    const began = Date.now();
    await sync.open();
    await sync.send(120_000);
    const said = `${N_WAITING} operations in ${Date.now() - began} ms`;
    info.annotations.push({ type: 'replay', description: said });
    console.log(`    sent after the outage: ${said}`);

    // A server that was away for two minutes says so itself.
    const outages = await api.table('outage');
    expect(await api.seq()).toBe(seq + N_WAITING + outages.length);
    for (const place of places) {
        const { session_id, lines } = await api.liveOn(await floor.card(place).stationId());
        expect(lines).toMatchObject([{ quantity: 1 + steps.reduce((sum, by) => sum + by, 0) }]);
        const { log } = await api.bill(session_id);
        const changes = log.filter(({ body }) => 'line_quantity_changed' in (body ?? {}));
        expect(changes.map(({ outcome }) => outcome)).toEqual(steps.map(() => 'applied'));
        expect(changes.map(({ body }) => (body as { line_quantity_changed: { by: number } }).line_quantity_changed.by)).toEqual(steps);
    }
});

/** Presses less or more as fast as the line answers. Runs in the page. */
async function press(line: Element, steps: number[]): Promise<void> {
    const [less, more] = line.querySelectorAll<HTMLElement>('.stepper button');
    const quantity = line.querySelector('output');
    for (const by of steps) {
        const before = quantity?.textContent;
        (by < 0 ? less : more).click();
        while (quantity?.textContent === before) await new Promise((done) => setTimeout(done));
    }
}

// A server that does not answer as it should, a person who leaves, a build that changes, a disk that is full.

import { Login } from '../pages/door';
import { AWAY, expect, test, Till } from '../pages/test';

test.use({ flags: ['--demo'] });

test('a server that hangs is given up for now, and what was sent to it counts once', async ({ till, shop, noise, context, language }) => {
    test.setTimeout(60_000);
    noise.expect(AWAY);
    const { words, floor, api, page } = till;
    await till.enter('cashier');
    await till.ready();
    const station_id = await floor.card(6).stationId();
    const seq = await api.seq();
    shop.freeze();
    await floor.card(6).press(words.start);
    await floor.start.start();
    await floor.card(6).press(words.order);
    await floor.order.add('Tea');
    await floor.order.save();
    await till.linked('syncing');

    // A page that is opened meanwhile does not wait for it.
    const later = new Till(await context.newPage(), language);
    await later.go('/sale');
    await expect(later.page.getByRole('heading', { level: 1 })).toHaveText(words.sale);
    await later.page.close();

    await till.linked('offline', 30_000);
    await floor.card(6).press(words.pause);
    await floor.card(6).shows('paused');
    await expect(page.locator('.badge [role=status]')).toContainText(`3 ${words.waiting}`);
    shop.thaw();
    await till.linked('live');
    expect(await api.seq()).toBe(seq + 3);
    const live = await api.liveOn(station_id);
    expect(live.lines).toMatchObject([{ name: { en: 'Tea' }, quantity: 1 }]);
    expect(live.marks).toMatchObject([{ is_pause: true }]);
});

test('without the server the device lets in who has been here before, by their PIN, and the server asks again', async ({ till, shop, noise, context, language }) => {
    noise.expect(AWAY, /status of 401/);
    const { words, floor, api, page } = till;
    const login = new Login(page, words);
    await till.go('/');
    for (const [name, pin] of [['أحمد', '3333'], ['منى', '2222']]) {
        await login.shows();
        await login.pick(name);
        await login.pin(pin);
        await till.live();
        if (name === 'أحمد') await page.locator('.who-chip').click();
    }
    await till.ready();
    const people = await api.staff();
    const cashier = people.find(({ role }) => role === 'cashier');
    const station_id = await floor.card(6).stationId();
    await shop.kill9();
    await page.locator('.who-chip').click();
    await login.shows();
    await login.pick('هاني');
    await login.pin('1111');
    await expect(login.problem).toHaveText(words.not_here);
    await login.pick('أحمد');
    await login.pin('0000');
    await expect(login.problem).toContainText('4');
    await login.pin('3333');
    await till.linked('offline');
    await expect(page.locator('.who-chip')).toContainText('أحمد');
    await floor.card(6).press(words.start);
    await floor.start.start();
    await floor.card(6).shows('playing');
    await shop.start();
    // What was recorded is sent under their name; then the server wants to see them itself.
    await till.linked('signedout', 30_000);
    const later = new Till(await context.newPage(), language);
    await later.go('/');
    await new Login(later.page, words).shows();
    await later.api.signIn('2222', 'manager');
    expect(await later.api.liveOn(station_id)).toMatchObject({ started_by: cashier?.staff_id });
});

test.describe('with a server that takes nothing', () => {
    // The worker would stand between the page and the refusals.
    test.use({ serviceWorkers: 'block' });

    test('what somebody recorded before they signed out is sent by whoever comes next, in their name', async ({ till, noise }) => {
        noise.expect(/status of 503/);
        const { words, floor, api, page } = till;
        await till.enter('cashier');
        await till.stored();
        const station_id = await floor.card(6).stationId();
        const people = await api.staff();
        const id = (role: string) => people.find((person) => person.role === role)?.staff_id;
        await page.route('**/api/push', (route) => route.fulfill({ status: 503, json: 'unavailable' }));
        await floor.card(6).press(words.start);
        await floor.start.start();
        await floor.card(6).shows('playing');
        await page.locator('.who-chip').click();
        await till.dialog.getByRole('button', { name: words.leave_anyway }).click();
        const login = new Login(page, words);
        await login.shows();
        await page.unroute('**/api/push');
        await login.pick('منى');
        await login.pin('2222');
        await till.linked('live');
        await floor.card(6).shows('playing');
        const live = await api.liveOn(station_id);
        expect(live).toMatchObject({ started_by: id('cashier') });
        expect(id('manager')).not.toBe(id('cashier'));
    });
});

test('a new build takes over beside a page of the old one, which says so, goes on, and loses nothing', async ({ till, shop, noise, context, language }) => {
    noise.expect(AWAY);
    const { words, floor, api, page } = till;
    const script = 'link[rel=modulepreload]';
    await till.enter('cashier');
    await till.ready();
    // A page hears of a new worker where it was opened beside an old one.
    await till.reload();
    await till.stored();
    const seq = await api.seq();
    await shop.kill9();
    await floor.card(6).press(words.start);
    await floor.start.start();
    await floor.card(6).press(words.order);
    await floor.order.add('Tea');
    await floor.order.save();
    const old = await page.locator(script).first().getAttribute('href');

    await shop.rebuild();
    await shop.start();
    const next = new Till(await context.newPage(), language);
    await next.go('/');
    expect(await next.page.locator(script).first().getAttribute('href')).not.toBe(old);
    await till.told(words.new_version);
    await till.linked('live');
    await next.linked('live');
    expect(await api.seq()).toBe(seq + 2);

    await floor.card(6).press(words.pause);
    await next.floor.card(6).shows('paused');
    await next.floor.card(6).press(words.resume);
    await floor.card(6).shows('playing');
    await till.stored();
    await next.stored();
    expect(await page.locator(script).first().getAttribute('href')).toBe(old);
    expect(await api.seq()).toBe(seq + 4);

    // What was recorded by the old build and never sent is sent by the new one.
    await shop.kill9();
    await floor.card(6).press(words.pause);
    await floor.card(6).shows('paused');
    await page.close();
    await next.page.close();
    const last = new Till(await context.newPage(), language);
    await last.go('/');
    await last.floor.card(6).shows('paused');
    await shop.start();
    await last.linked('live');
    expect(await api.seq()).toBe(seq + 5);
    const { lines, marks } = await api.liveOn(await last.floor.card(6).stationId());
    expect(lines).toMatchObject([{ quantity: 1 }]);
    expect(marks?.map(({ is_pause }) => is_pause)).toEqual([true, false, true]);
});

test('a device that is full says so, shows nothing that it could not record, and goes on when there is room', async ({ till, shop, noise, context }) => {
    // The browser looks at its room twice a minute.
    test.setTimeout(150_000);
    noise.expect(/the outbox failed/);
    const { words, floor, api, page } = till;
    await till.enter('cashier');
    await till.ready();
    const card = floor.card(1).root;
    const pause = card.locator('.station-acts button').nth(1);
    const refused = page.locator('.toast').filter({ hasText: words.not_kept });
    const cups = await card.locator('.orders b').textContent();
    const station_id = await floor.card(1).stationId();
    const seq = await api.seq();

    const room = await context.newCDPSession(page);
    await room.send('Storage.overrideQuotaForOrigin', { origin: shop.url, quotaSize: 1 });
    await expect(async () => {
        await pause.click();
        await expect(refused.first()).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 60_000 });
    await till.stored();
    const { marks = [] } = await api.liveOn(station_id);
    await floor.card(1).shows(marks.at(-1)?.is_pause ? 'paused' : 'playing');
    expect(await api.seq()).toBe(seq + marks.length);

    await expect(refused).toHaveCount(0, { timeout: 10_000 });
    await floor.card(1).press(words.order);
    await floor.order.add('Tea');
    await floor.order.press();
    await till.told(words.not_kept);
    // What was picked is still there, for when there is room.
    await floor.order.close();
    await expect(card.locator('.orders b')).toHaveText(cups ?? '');
    await expect(page.locator('.badge [role=status]')).not.toContainText(words.waiting);
    expect(await api.seq()).toBe(seq + marks.length);

    await room.send('Storage.overrideQuotaForOrigin', { origin: shop.url });
    await expect(async () => {
        const before = await card.getAttribute('data-state') ?? '';
        await pause.click();
        await expect(card).not.toHaveAttribute('data-state', before, { timeout: 1_000 });
    }).toPass({ timeout: 60_000 });
    await till.stored();
    const after = await api.liveOn(station_id);
    expect(after.marks).toHaveLength(marks.length + 1);
    expect(await api.seq()).toBe(seq + marks.length + 1);
    await till.reload();
    await floor.card(1).shows(after.marks?.at(-1)?.is_pause ? 'paused' : 'playing');
});

test('every page opens without the server on a device that never saw it, and says what it cannot show', async ({ till, shop, noise, context, language }) => {
    test.setTimeout(60_000);
    noise.expect(AWAY);
    const { words, floor, api } = till;
    await till.enter('owner');
    await till.ready();
    const { session_id } = await api.liveOn(await floor.card(1).stationId());
    const { name } = await api.staff().then((people) => people.find(({ role }) => role === 'manager')) ?? { name: '' };
    await till.page.close();
    await shop.kill9();

    const pages: [path: string, title: string, shows: string][] = [
        ['/', words.floor, 'PS 1'],
        ['/sale', words.sale, 'Tea'],
        ['/history', words.history, words.from_device],
        ['/tasks', words.tasks, words.no_tasks],
        ['/menu', words.menu, 'Tea'],
        ['/stations', words.stations, 'PS 1'],
        ['/staff', words.staff, name],
        ['/settings', words.settings, words.rounding_step],
        ['/more', words.more, words.sign_out],
        [`/history/${session_id}`, words.bill, words.trail_is_away],
    ];
    for (const [path, title, shows] of pages) {
        const cold = new Till(await context.newPage(), language);
        await cold.go(path);
        await expect(cold.page.getByRole('heading', { level: 1 })).toHaveText(title);
        await expect(cold.page).toHaveTitle(new RegExp(`^${title} · `));
        await expect(cold.page.locator('main')).toContainText(shows);
        await cold.linked('offline');
        await cold.page.close();
    }
});

test.describe('on a line that meddles', () => {
    // The worker would stand between the page and the meddler.
    test.use({ serviceWorkers: 'block' });

    test('a page that does not come to life is drawn anew from what the device holds', async ({ till, noise, page }) => {
        noise.expect(/unreachable|panicked|hydrat/i);
        const { words, floor } = till;
        await till.enter('cashier');
        await till.stored();
        // Something between the server and the browser has changed the page.
        await page.route('/', async (route) => {
            const answer = await route.fetch();
            const body = (await answer.text()).replace(/<nav class="rail"[^]*?<\/nav>/, '<p>An advertisement</p>');
            await route.fulfill({ response: answer, body });
        });
        await page.goto('/');
        await till.alive();
        await expect(page.getByText('An advertisement')).toHaveCount(0);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText(words.floor);
        await floor.card(6).press(words.start);
        await floor.start.start();
        await till.stored();
        await floor.card(6).shows('playing');
    });
});

// Bugs that were found once, each with the journey that would find it again.

import { Login } from '../pages/door';
import { Sale } from '../pages/sale';
import { suspend } from '../pages/staff';
import { AWAY, expect, test, Till } from '../pages/test';

test.use({ flags: ['--demo'] });

test('what is recorded is sent once', async ({ till }) => {
    const { words, floor, page } = till;
    await till.enter('cashier');
    await till.stored();
    const sent: string[] = [];
    page.on('request', (request) => {
        const { batch } = (request.url().endsWith('/push') && request.postDataJSON()) || { batch: { ops: [] } };
        sent.push(...batch.ops.map(({ op_id }: { op_id: string }) => op_id));
    });
    await floor.card(1).press(words.pause);
    await floor.card(1).shows('paused');
    await till.stored();
    await floor.card(1).press(words.resume);
    await till.stored();
    expect(sent).toHaveLength(new Set(sent).size);
});

test('one conflict is one toast', async ({ till, far }) => {
    const { words, floor } = till;
    await till.enter('manager');
    const away = await far();
    await away.enter('cashier');
    await away.stored();
    await away.leave();
    await away.floor.card(1).press(words.order);
    await away.floor.order.add('Tea');
    await away.floor.order.save();
    await floor.card(1).press(words.bill);
    await floor.end.finish();
    await floor.receipt.opened(words.receipt);
    await till.stored();
    await away.comeBack();
    await away.told(words.added_after_end);
    await expect(away.page.locator('.toast').filter({ hasText: words.added_after_end })).toHaveCount(1);
});

for (const what of ['end', 'sale'] as const) {
    test(`a full device claims nothing: ${what}`, async ({ till, shop, noise, context }) => {
        test.setTimeout(120_000);
        noise.expect(/the outbox failed/);
        const { words, floor, page } = till;
        await till.enter('cashier');
        await till.ready();
        const refused = page.locator('.toast').filter({ hasText: words.not_kept });
        const room = await context.newCDPSession(page);
        await room.send('Storage.overrideQuotaForOrigin', { origin: shop.url, quotaSize: 1 });
        await expect(async () => {
            await floor.card(1).root.locator('.station-acts button').nth(1).click();
            await expect(refused.first()).toBeVisible({ timeout: 1_000 });
        }).toPass({ timeout: 60_000 });
        await expect(refused).toHaveCount(0, { timeout: 10_000 });
        if (what === 'end') {
            await floor.card(1).press(words.bill);
            await floor.end.finish();
            await till.told(words.not_kept);
            await expect.soft(page.locator('.toast').filter({ hasText: words.was_ended })).toHaveCount(0);
            await expect.soft(floor.receipt.paper).toHaveCount(0, { timeout: 1_000 });
        } else {
            await page.locator('nav a[href="/sale"]').first().click();
            const sale = new Sale(page, words);
            await sale.add('Tea');
            await sale.cart.locator('.btn-big').click();
            await till.told(words.not_kept);
            await expect.soft(page.locator('.toast').filter({ hasText: words.was_sold })).toHaveCount(0);
            await expect.soft(sale.line('Tea')).toHaveCount(1);
        }
    });
}

test('history that came from the device is fetched when the server is back', async ({ till, shop, noise, context, language }) => {
    noise.expect(AWAY);
    const { words } = till;
    await till.enter('cashier');
    await till.ready();
    await shop.kill9();
    const cold = new Till(await context.newPage(), language);
    await cold.go('/history');
    await expect(cold.page.locator('main')).toContainText(words.from_device);
    await shop.start();
    await cold.linked('live');
    await expect(cold.page.locator('main')).not.toContainText(words.from_device);
});

for (const reload of [false, true]) {
    test(`a page of the old build is told, and one of the new is not; reloaded ${reload}`, async ({ till, shop, noise, context, language }) => {
        noise.expect(AWAY);
        const { words } = till;
        await till.enter('cashier');
        await till.ready();
        if (reload) await till.reload();
        await till.stored();
        await shop.kill9();
        await shop.rebuild();
        await shop.start();
        await till.linked('live');
        const next = new Till(await context.newPage(), language);
        const toldNext = next.told(words.new_version).then(() => 'told', () => 'not told');
        await next.go('/');
        const toldOld = await till.told(words.new_version).then(() => 'told', () => 'not told');
        expect({ old: toldOld, next: await toldNext }).toEqual({ old: 'told', next: 'not told' });
    });
}

test('a transferred bill on which something is owed says so', async ({ till, far }) => {
    const { words, floor, api, page } = till;
    await till.enter('manager');
    const away = await far();
    await away.enter('cashier');
    await away.stored();
    await away.leave();
    const { session_id } = await api.liveOn(await floor.card(1).stationId());
    await away.floor.card(1).press(words.order);
    await away.floor.order.add('Tea');
    await away.floor.order.save();
    await floor.act(1, words.transfer_bill);
    await floor.session.target('PS 2').click();
    await floor.card(1).shows('free');
    await till.stored();
    await away.comeBack();
    await till.go('/history');
    const row = page.getByRole('row').filter({ has: page.locator(`a[href$="${session_id}"]`) });
    await expect(row.locator('.chip')).toHaveText(words.owes);
});

test('money that somebody took before they were put out is on the books, or somebody is told', async ({ till, far, noise }) => {
    noise.expect(/status of 401/);
    const { words, api, page } = till;
    await till.enter('owner');
    const { session_id } = await api.liveOn(await till.floor.card(1).stationId());
    const away = await far();
    await away.enter('cashier');
    await away.stored();
    await away.leave();
    await away.floor.card(1).press(words.bill);
    await away.floor.end.finish();
    await away.floor.receipt.opened(words.receipt);
    await away.floor.receipt.close();
    await till.go('/staff');
    await suspend(till, 'أحمد', 'late again');
    await expect(page.getByRole('row').filter({ hasText: 'أحمد' })).toContainText(words.suspended);
    await till.stored();
    away.mend();
    await away.linked('signedout');
    await away.enter('manager');
    await away.linked('live');
    const { payments = [] } = await api.session(session_id);
    const reviews = await api.table('review');
    expect(payments.length + reviews.length, 'payments on the bill, or rows to look at').toBeGreaterThan(0);
});

test.describe('with a server that takes nothing', () => {
    test.use({ serviceWorkers: 'block' });
    test('who signs out while something waits is warned', async ({ till, noise }) => {
        noise.expect(/status of 503/);
        const { words, floor, page } = till;
        await till.enter('cashier');
        await till.stored();
        await page.route('**/api/push', (route) => route.fulfill({ status: 503, json: 'unavailable' }));
        await floor.card(6).press(words.start);
        await floor.start.start();
        await floor.card(6).shows('playing');
        await page.locator('.who-chip').click();
        await expect(till.dialog).toBeVisible();
        await till.dialog.getByText(words.leave_pending).waitFor();
        await till.dialog.getByRole('button', { name: words.leave_anyway }).click();
        await new Login(page, words).shows();
    });
});

test('what a customer is owed is on the bill', async ({ till, far }) => {
    const { words, api, page } = till;
    await till.enter('manager');
    const away = await far();
    await away.enter('cashier');
    await away.stored();
    await away.leave();
    const { session_id } = await api.liveOn(await till.floor.card(1).stationId());
    for (const { floor } of [away, till]) {
        await floor.card(1).press(words.bill);
        await floor.end.finish();
        await floor.receipt.opened(words.receipt);
    }
    await till.stored();
    await away.comeBack();
    await till.go(`/history/${session_id}`);
    await expect(page.locator('.chip').first()).not.toHaveText(words.paid);
});

test('taking somebody on without the server says that it waits', async ({ till, shop, noise }) => {
    noise.expect(AWAY);
    const { words, dialog } = till;
    await till.enter('owner', '/staff');
    await till.stored();
    await shop.kill9();
    await till.button(words.add_staff).click();
    await till.field(words.name).fill('Karim');
    await till.field(words.new_pin).fill('8765');
    await till.button(words.save).click();
    await expect(dialog.getByRole('alert')).toBeVisible();
});

test('who signs in at the server after somebody left without it stays in', async ({ till, shop, noise }) => {
    noise.expect(AWAY);
    const { words, page } = till;
    await till.enter('cashier');
    await till.ready();
    await shop.kill9();
    await page.locator('.who-chip').click();
    const login = new Login(page, words);
    await login.shows();
    await shop.start();
    await login.pick('منى');
    await login.pin('2222');
    await till.linked('live');
    await till.ready();
    await till.reload();
    await till.linked('live');
    await expect(page.locator('.who-chip')).toContainText('منى');
});

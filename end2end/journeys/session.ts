import type { Session } from '../pages/api';
import { cairo, readRows } from '../pages/floor';
import { extras, orders, piasters, playCost, roundTo } from '../pages/sums';
import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

test('a session is billed to the piaster, from the start to the receipt and in history', async ({ till }) => {
    const { words, floor, page } = till;
    await till.enter('cashier');
    const card = floor.card(6);
    await card.press(words.start);
    await floor.start.action('60 min');
    await floor.start.start();
    await card.shows('playing');
    const { session_id } = await (await till.stored(), till.api.liveOn(await card.stationId()));

    await card.press(words.order);
    await floor.order.add('Pepsi', 'Pepsi', 'Chips');
    await floor.order.more('Chips');
    await floor.order.more('Chips');
    await floor.order.less('Chips');
    await expect(floor.order.line('Chips').locator('output')).toHaveText('2');
    await floor.order.save();
    await expect(card.root.locator('.orders')).toContainText('4');

    await card.open();
    await floor.session.more('Pepsi');
    await floor.session.less('Chips');
    await floor.session.addExtra('12.75', 'Broken pad');
    await floor.session.action(words.to_multi);
    await expect(floor.session.root.getByText(words.to_single)).toBeVisible();
    await floor.session.action(words.edit_start);
    const earlier = new Date(Date.now() - 100 * 60_000);
    await floor.sheet.pickTime(cairo(earlier));
    await floor.sheet.action(words.save);
    await floor.session.action(words.pause);
    await expect(floor.session.root.locator('.session-hero')).toHaveAttribute('data-state', 'paused');
    await page.waitForTimeout(1_100); // a pause that is long enough to be seen in the sums
    await floor.session.action(words.resume);
    await expect(floor.session.root.locator('.session-hero')).not.toHaveAttribute('data-state', 'paused');

    await floor.session.action(words.bill);
    const due = await floor.end.due();
    expect(due % 500).toBe(0);
    await floor.end.field(words.received_other).fill(String(due / 100 + 35));
    expect(piasters(await floor.end.change.textContent())).toBe(3_500);
    await floor.end.finish();
    await floor.receipt.opened(words.receipt);
    await expect(floor.receipt.paper).toContainText(words.change);
    expect(await floor.receipt.total()).toBe(due);
    await till.stored();

    const session = await till.api.session(session_id);
    expectRule(session);
    expect(session.settlement?.total).toBe(due);
    expect(session.payments).toMatchObject([{ method: 'cash', amount: due, tendered: due + 3_500 }]);
    await floor.receipt.close();
    await card.shows('free');

    await till.go('/history');
    const row = page.getByRole('row').filter({ has: page.locator(`a[href$="${session_id}"]`) });
    expect(piasters(await row.locator('.sum').textContent())).toBe(due);
    await row.getByRole('link').click();
    const trail = page.locator('.trail');
    for (const word of [words.was_started, words.now_multi, words.was_paused, words.was_resumed, words.was_ended]) {
        await expect(trail).toContainText(word);
    }
    const rows = await readRows(page.locator('table.bill tr'));
    expect(rows.filter(({ kind }) => kind === 'total')).toMatchObject([{ amount: due }]);
    const parts = rows.filter(({ kind }) => kind === 'part').map(({ amount }) => amount);
    const rounding = rows.find(({ what }) => what === words.rounding)?.amount ?? 0;
    expect(parts.reduce((a, b) => a + b, 0) + rounding).toBe(due);
});

for (const [choice, word] of [['exact', 'exact'], ['free', 'free_of_charge'], ['custom', 'custom']] as const) {
    test(`an end at a ${choice} amount is recorded as itself`, async ({ till }) => {
        const { words, floor } = till;
        await till.enter('manager');
        const card = floor.card(1);
        const { session_id } = await till.api.liveOn(await card.stationId());
        await card.press(words.bill);
        await floor.end.action(words[word]);
        if (choice === 'custom') await floor.end.field(words.amount).fill('40.25');
        await floor.end.finish();
        await floor.receipt.opened(words.receipt);
        await till.stored();

        const settled = (await till.api.session(session_id)).settlement;
        const { play, orders } = settled?.parts ?? { play: 0, orders: 0 };
        const total = { exact: play + orders, free: 0, custom: 4_025 }[choice];
        // A lower amount than the bill's is a discount, a higher one rounding upwards.
        const above = total - play - orders;
        const [discount, rounding] = above > 0 ? [0, above] : [-above + 0, 0];
        expect(settled).toMatchObject({ total, told: total, discount, rounding });
        expect(await floor.receipt.total()).toBe(total);
    });
}

test('a bill can be printed before it is paid', async ({ till }) => {
    const { words, floor } = till;
    await till.enter('cashier');
    const card = floor.card(1);
    await card.press(words.bill);
    const due = await floor.end.due();
    await floor.end.action(words.print);
    await floor.receipt.opened(words.receipt);
    expect(Math.abs((await floor.receipt.total()) - due)).toBeLessThanOrEqual(500);
    await floor.receipt.close();
    await card.shows('playing');
});

/** What was settled is what the rule makes of what is recorded. */
function expectRule(session: Session): void {
    const ended = session.ended?.at ?? 0;
    const parts = { play: playCost(session, ended), orders: orders(session), extras: extras(session), transfers: 0 };
    const exact = parts.play + parts.orders + parts.extras;
    expect(session.segments.map(({ rate }) => rate)).toEqual([2_000, 4_000]);
    expect(parts).toMatchObject({ orders: 3 * 1_500 + 1_000, extras: 1_275 });
    expect(session.settlement).toMatchObject({
        parts,
        discount: 0,
        rounding: roundTo(exact, 500) - exact,
        total: roundTo(exact, 500),
        told: roundTo(exact, 500),
    });
}

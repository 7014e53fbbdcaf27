import type { Id, Session } from '../pages/api';
import { orders, playCost } from '../pages/sums';
import { expect, test, type Till } from '../pages/test';

test.use({ flags: ['--demo'] });

async function begin(till: Till, place: number, ...items: string[]): Promise<Id> {
    const { words, floor } = till;
    const card = floor.card(place);
    await card.press(words.start);
    await floor.start.start();
    await card.press(words.order);
    await floor.order.add(...items);
    await floor.order.save();
    await till.stored();
    return (await till.api.liveOn(await card.stationId())).session_id;
}

async function transfer(till: Till, from: number, to: string, orders: string): Promise<void> {
    const { words, floor } = till;
    await floor.act(from, words.transfer_bill);
    await floor.sheet.action(orders);
    await floor.session.target(to).click();
    await floor.sheet.gone();
    await floor.card(from).shows('free');
    await till.stored();
}

/** What a session is worth by itself, up to its end. */
function own(session: Session): number {
    return playCost(session, session.ended?.at ?? 0) + orders(session);
}

test('a chain of transfers loses nothing', async ({ till }) => {
    const { words, floor, api } = till;
    await till.enter('cashier');
    const first = await begin(till, 6, 'Pepsi', 'Tea');
    const second = await begin(till, 7, 'Sting');
    const third = (await api.liveOn(await floor.card(1).stationId())).session_id;

    await transfer(till, 6, 'PS 7', words.with_orders);
    await transfer(till, 7, 'PS 1', words.with_orders);

    await floor.card(1).press(words.bill);
    await expect(floor.end.root).toContainText(words.transferred_bill);
    await floor.end.action(words.exact);
    await floor.end.finish();
    await floor.receipt.opened(words.receipt);
    await till.stored();

    const [a, b, c] = await Promise.all([first, second, third].map((id) => api.session(id)));
    expect(a.moved_out).toMatchObject({ to: second, amount: own(a) });
    expect(b.moved_out).toMatchObject({ to: third, amount: own(a) + own(b) });
    expect(c.settlement).toMatchObject({ total: own(a) + own(b) + own(c), told: own(a) + own(b) + own(c) });
    expect([a.settlement?.total, b.settlement?.total]).toEqual([0, 0]);
    expect(await floor.receipt.total()).toBe(own(a) + own(b) + own(c));
});

test('orders that stay behind are a bill of their own', async ({ till }) => {
    const { words, floor, api, page } = till;
    await till.enter('cashier');
    const first = await begin(till, 6, 'Pepsi', 'Tea');
    const target = (await api.liveOn(await floor.card(1).stationId())).session_id;
    await transfer(till, 6, 'PS 1', words.without_orders);

    const [a, b] = await Promise.all([first, target].map((id) => api.session(id)));
    expect(a.settlement).toBeUndefined();
    expect(b.transfers).toMatchObject([{ from: first, parts: { play: own(a) - orders(a), orders: 0 } }]);

    await till.go(`/history/${first}`);
    await page.locator('.bill-pay .btn-primary').click();
    await till.stored();
    const settled = await api.session(first);
    expect(settled.settlement).toMatchObject({ total: orders(a), moved_out: own(a) - orders(a) });
    expect(settled.payments).toMatchObject([{ amount: orders(a) }]);
});

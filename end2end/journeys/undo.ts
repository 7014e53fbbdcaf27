import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

test('an order is undone from its toast', async ({ till }) => {
    const { words, floor } = till;
    await till.enter('cashier');
    const cups = floor.card(1).root.locator('.orders b');
    const before = Number(await cups.textContent());
    await floor.card(1).press(words.order);
    await floor.order.add('Tea');
    await floor.order.save();
    await expect(cups).toHaveText(String(before + 1));
    await till.toasts.getByRole('button', { name: words.undo }).click();
    await expect(cups).toHaveText(String(before));
});

test('what was done in a sheet is undone from its toast, with the sheet open', async ({ till }) => {
    const { words, floor } = till;
    await till.enter('cashier');
    await floor.act(1, words.pause);
    await floor.card(1).shows('paused');
    await till.page.locator('.toast').getByRole('button', { name: words.undo }).click();
    await floor.card(1).shows('playing');
});

test('the trail of a bill is in the language of who reads it', async ({ till }) => {
    const { words, floor, api, page } = till;
    await till.enter('cashier');
    const { session_id } = await api.liveOn(await floor.card(1).stationId());
    await floor.card(1).press(words.order);
    await floor.order.add('Tea');
    await floor.order.save();
    await till.stored();
    await till.go(`/history/${session_id}`);
    await expect(page.locator('.trail')).toContainText(`${words.order_added}: Tea × 1`);
});

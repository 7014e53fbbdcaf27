import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

test('a page outlives a killed server, and what was done meanwhile is sent', async ({ till, shop, noise }) => {
    noise.expect(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
    const { words, floor, api, page } = till;
    await till.enter('cashier');
    await floor.card(6).press(words.start);
    await floor.start.start();
    await floor.card(6).press(words.order);
    await floor.order.add('Tea', 'Pepsi');
    await floor.order.save();
    await till.stored();
    const station_id = await floor.card(6).stationId();
    const before = await api.liveOn(station_id);

    await shop.kill9();
    await expect(page.locator('.badge [role=status]')).toContainText(words.no_server);
    await floor.card(6).press(words.pause);
    await floor.card(6).shows('paused');
    await expect(page.locator('.badge [role=status]')).toContainText(words.waiting);

    await shop.start();
    await expect(page.locator('.badge [role=status]')).toHaveText(words.live, { timeout: 15_000 });
    await floor.card(6).shows('paused');
    const after = await api.liveOn(station_id);
    expect(after).toMatchObject({ session_id: before.session_id, started_at: before.started_at, lines: before.lines });
    expect(after.marks).toMatchObject([{ is_pause: true }]);
    await till.reload();
    await floor.card(6).shows('paused');
});

test('a killed server comes back with the same shop', async ({ till, shop }) => {
    await till.enter('owner');
    // Nobody is there any more, so nothing is recorded between the two looks.
    await till.page.goto('about:blank');
    await till.api.seq();
    const before = await till.api.rows();
    await shop.kill9();
    await shop.start();
    expect(await till.api.rows()).toEqual(before);
});

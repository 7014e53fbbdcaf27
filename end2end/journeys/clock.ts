import { expect, test, type Till } from '../pages/test';

test.use({ flags: ['--demo'] });

/** Makes a browser's clock wrong, as that of a computer with an empty battery. */
async function shiftClock(till: Till, ms: number): Promise<void> {
    await till.page.addInitScript((ms) => {
        const now = Date.now.bind(Date);
        Date.now = () => now() + ms;
    }, ms);
}

for (const [how, ms] of [['slow', -2 * 3_600_000], ['fast', 2 * 3_600_000]] as const) {
    test(`a till whose clock is ${how} shows and records the shop's time from its first moment`, async ({ till }) => {
        const { words, floor, api } = till;
        await shiftClock(till, ms);
        await till.enter('cashier');
        await expect(floor.card(1).root.locator('.clock')).toHaveText(/^1:(19|20|21):/);
        await floor.card(6).press(words.start);
        await floor.start.start();
        await till.stored();
        const { started_at } = await api.liveOn(await floor.card(6).stationId());
        expect(Math.abs(Date.now() - started_at)).toBeLessThan(5_000);
    });
}

test('a clock that is set back while the page is open is noticed, and makes nobody play an hour less', async ({ till }) => {
    const { words, floor, api, page } = till;
    await till.enter('cashier');
    await till.stored();
    const station_id = await floor.card(6).stationId();
    await page.evaluate(() => {
        const now = Date.now.bind(Date);
        Date.now = () => now() - 3_600_000;
    });
    await till.told(words.clock_jumped);
    await floor.card(6).press(words.start);
    await floor.start.start();
    await till.stored();
    const { started_at } = await api.liveOn(station_id);
    expect(Math.abs(Date.now() - started_at)).toBeLessThan(60_000);
});

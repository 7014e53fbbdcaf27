// One body over both places where a journal can be: the browser's database, and the page's memory where the browser
// keeps nothing. Both must do the same.

import { newId } from '../pages/api';
import { AWAY, expect, test } from '../pages/test';

test.use({ flags: ['--demo'], serviceWorkers: 'block' });

for (const place of ['disk', 'memory'] as const) {
    test(`what is recorded waits in its order, is sent once, and is put away when it was refused: ${place}`, async ({ till, shop, noise }) => {
        noise.expect(AWAY);
        const { words, floor, api, page } = till;
        if (place === 'memory') {
            await page.addInitScript(() => Object.defineProperty(window, 'indexedDB', { get: () => undefined }));
        }
        await till.enter('cashier');
        await till.stored();
        const sheet = till.sync;
        await sheet.open();
        await expect(sheet.root.getByText(words.keeps_nothing)).toHaveCount(place === 'memory' ? 1 : 0);
        await sheet.close();
        const seq = await api.seq();
        const [station_id, other] = [await floor.card(6).stationId(), await floor.card(7).stationId()];

        // It waits, in its order.
        await shop.kill9();
        await floor.card(6).press(words.start);
        await floor.start.start();
        await floor.card(6).press(words.order);
        await floor.order.add('Tea');
        await floor.order.save();
        await floor.card(6).press(words.pause);
        await floor.card(6).shows('paused');
        await sheet.open();
        await expect(sheet.waiting).toHaveCount(3);
        await expect(sheet.waiting).toContainText([words.was_started, words.order_added, words.was_paused]);
        await sheet.close();

        // It is sent once, to a server that has begun anew, and again to the next.
        await shop.start();
        await till.linked('live');
        expect(await api.seq()).toBe(seq + 3);
        await shop.kill9();
        await floor.card(6).press(words.resume);
        await shop.start();
        await till.linked('live');
        expect(await api.seq()).toBe(seq + 4);
        const live = await api.liveOn(station_id);
        expect(live).toMatchObject({ lines: [{ quantity: 1 }] });
        expect(live.marks?.map(({ is_pause }) => is_pause)).toEqual([true, false]);

        // What was refused stays until somebody has seen it.
        await page.route('**/api/push', (route) => route.abort());
        await floor.act(6, words.move_station);
        await floor.session.target('PS 7').click();
        await expect(page.locator('.badge [role=status]')).toContainText(words.waiting);
        await api.push([{
            session_started: { session_id: newId(), station_id: other, mode: 'single', rates: { single: 2_000, multi: null } },
        }]);
        await page.unroute('**/api/push');
        await sheet.open();
        await sheet.action(words.sync_now);
        await expect(sheet.refused).toHaveCount(1);
        await expect(sheet.refused).toContainText([words.station_busy]);
        await sheet.refused.getByRole('button', { name: words.dismiss }).click();
        await expect(sheet.refused).toHaveCount(0);
        await sheet.close();
        await floor.card(6).shows('playing');
    });
}

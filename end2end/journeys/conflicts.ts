// What two people did without knowing of each other: a row of the table in the README each.

import { newId, type Id, type Role, type Session } from '../pages/api';
import { readRows } from '../pages/floor';
import { SyncSheet } from '../pages/sync';
import { orders, piasters, playCost, roundTo } from '../pages/sums';
import { expect, test, type FarTill, type Till } from '../pages/test';

test.use({ flags: ['--demo'] });

type Review = { reason: string; subject: Id; seen?: object };

/** The words for a reason, where they are not called like it. */
const WORDS: Record<string, string> = { settled: 'settled_already', payment_unknown_session: 'payment_waits' };

/** A device with which the shop has lost touch. */
async function lost(far: () => Promise<FarTill>, role: Role = 'cashier', path = '/'): Promise<FarTill> {
    const away = await far();
    await away.enter(role, path);
    await away.stored();
    await away.leave();
    return away;
}

async function liveOn(till: Till, place: number): Promise<Session> {
    return till.api.liveOn(await till.floor.card(place).stationId());
}

async function start(till: Till, place: number): Promise<void> {
    await till.floor.card(place).press(till.words.start);
    await till.floor.start.start();
    await till.floor.card(place).shows('playing');
}

async function order(till: Till, place: number, ...items: string[]): Promise<void> {
    await till.floor.card(place).press(till.words.order);
    await till.floor.order.add(...items);
    await till.floor.order.save();
}

/** Takes the money and ends; tells what the receipt says. */
async function end(till: Till, place: number): Promise<number> {
    const { floor, words } = till;
    await floor.card(place).press(words.bill);
    await floor.end.finish();
    await floor.receipt.opened(words.receipt);
    const total = await floor.receipt.total();
    await floor.receipt.close();
    await floor.card(place).shows('free');
    return total;
}

/** What is settled is what the rule makes of the time and the orders that count. */
function expectRule(session: Session, play = playCost(session, session.ended?.at ?? 0)): void {
    const onTime = { ...session, lines: session.lines?.filter((line) => !line.is_late) };
    const parts = { play, orders: orders(onTime), extras: 0, transfers: 0 };
    const exact = parts.play + parts.orders;
    const total = roundTo(exact, 500);
    expect(session.settlement).toMatchObject({ parts, rounding: total - exact, total });
}

function paid(session: Session): number[] {
    return (session.payments ?? []).filter((payment) => !payment.void).map(({ amount }) => amount);
}

/** Exactly these are to be looked at: in the server's rows, and on the sheet of every device. */
async function expectReviews(tills: Till[], where: string, ...reasons: string[]): Promise<void> {
    const open = (await tills[0].api.table<Review>('review')).filter(({ seen }) => !seen);
    expect(open.map(({ reason }) => reason).sort()).toEqual([...reasons].sort());
    for (const { sync, words } of tills) {
        await sync.open();
        await expect(sync.toLookAt).toHaveCount(reasons.length);
        for (const reason of reasons) {
            const line = sync.toLookAt.filter({ hasText: words[WORDS[reason] ?? reason] });
            await expect(line.first()).toContainText(where);
        }
        await sync.close();
    }
}

test('a session that two tills ended has one end and both payments', async ({ till, far }) => {
    const { words, page } = till;
    await till.enter('manager');
    const away = await lost(far);
    const { session_id } = await liveOn(till, 1);
    const told = await end(away, 1);
    const total = await end(till, 1);
    await till.stored();
    const before = await till.api.session(session_id);
    await away.comeBack();
    await away.told(words.already_ended, words.overpaid);

    const session = await till.api.session(session_id);
    expectRule(session);
    expect(session.settlement).toEqual(before.settlement);
    expect(session.ended).toEqual(before.ended);
    expect(session.other_ends).toMatchObject([{ told }]);
    expect(paid(session)).toEqual([total, told]);
    await expectReviews([till, away], 'PS 1', 'already_ended', 'overpaid');
    await away.floor.card(1).shows('free');
    await till.go(`/history/${session_id}`);
    const payments = page.locator('.lines').filter({ has: till.button(words.void_payment) }).locator('.num');
    expect((await payments.allTextContents()).map(piasters)).toEqual([total, told]);
    await expect(page.locator('.trail')).toContainText(words.already_ended);
});

test('two tills that were both away end one session; the first that comes back ends it', async ({ till, far }) => {
    const { words, api } = till;
    await till.enter('manager');
    const first = await lost(far);
    const second = await lost(far, 'owner');
    const { session_id } = await liveOn(till, 1);
    const late = await end(second, 1);
    const total = await end(first, 1);
    await first.comeBack();
    await second.comeBack();
    await second.told(words.already_ended, words.overpaid);

    const session = await api.session(session_id);
    expectRule(session);
    expect(session.settlement?.total).toBe(total);
    expect(session.other_ends).toMatchObject([{ told: late }]);
    expect(paid(session)).toEqual([total, late]);
    await expectReviews([till, first, second], 'PS 1', 'already_ended', 'overpaid');
});

for (const [what, action] of [['a pause', 'pause'], ['another mode', 'to_multi']] as const) {
    test(`${what} from before an end that came first is recorded, and the bill stands`, async ({ till, far }) => {
        const { words, api, page } = till;
        await till.enter('manager');
    const away = await lost(far);
        const { session_id } = await liveOn(till, 1);
        await away.floor.act(1, words[action]);
        await away.floor.session.close();
        await end(till, 1);
        await till.stored();
        const before = await api.session(session_id);
        await away.comeBack();
        await away.told(words.changed_after_end);

        const session = await api.session(session_id);
        const marks = [...(session.marks ?? []), ...session.segments.slice(1)];
        expect(marks).toHaveLength(1);
        expect(marks[0].at).toBeLessThan(session.ended?.at ?? 0);
        expect(session).toMatchObject({ settlement: before.settlement, ended: before.ended, payments: before.payments });
        expectRule(session, playCost(before, before.ended?.at ?? 0));
        await expectReviews([till, away], 'PS 1', 'changed_after_end');
        await away.floor.card(1).shows('free');

        // What is shown of the time is new, and still adds up to what was paid.
        await till.go(`/history/${session_id}`);
        const rows = await readRows(page.locator('table.bill tr'));
        const sum = rows.filter(({ kind, what }) => kind === 'part' || what === words.rounding);
        expect(sum.map(({ amount }) => amount).reduce((a, b) => a + b)).toBe(session.settlement?.total);
    });
}

test('what is changed on a session after its end elsewhere has no effect', async ({ till, far }) => {
    const { words, api } = till;
    await till.enter('manager');
    const away = await lost(far);
    const { session_id } = await liveOn(till, 1);
    await end(till, 1);
    await till.stored();
    const before = await api.session(session_id);
    const { floor } = away;
    await floor.act(1, words.pause);
    await floor.session.action(words.to_multi);
    await floor.session.action(words.timer);
    await floor.sheet.action('60 min');
    await floor.sheet.action(words.save);
    await floor.session.action(words.cost_limit);
    await floor.sheet.field(words.cost_limit).fill('90');
    await floor.sheet.action(words.save);
    await floor.session.opened('PS 1');
    await away.comeBack();
    await away.told(words.already_ended);

    await floor.sheet.gone();
    await floor.card(1).shows('free');
    expect(await api.session(session_id)).toEqual(before);
    await expectReviews([till, away], 'PS 1', ...Array<string>(4).fill('already_ended'));
});

test('what is ordered after the end elsewhere is owed on top, and can be paid', async ({ till, far }) => {
    const { words, api, page } = till;
    await till.enter('manager');
    const away = await lost(far);
    const { session_id } = await liveOn(till, 1);
    const total = await end(till, 1);
    await till.stored();
    const before = await api.session(session_id);
    await order(away, 1, 'Tea', 'Pepsi');
    await away.floor.card(1).open();
    await away.floor.session.addExtra('12.75', 'Broken pad');
    await away.comeBack();
    await away.told(words.added_after_end);
    await away.floor.card(1).shows('free');

    const session = await api.session(session_id);
    const late = session.lines?.filter((line) => line.is_late) ?? [];
    expect(late.map(({ name }) => name.en)).toEqual(['Tea', 'Pepsi']);
    expect(session.extras).toMatchObject([{ amount: 1_275, is_late: true }]);
    expect(session.settlement).toEqual(before.settlement);
    expect(paid(session)).toEqual([total]);
    await expectReviews([till, away], 'PS 1', ...Array<string>(3).fill('added_after_end'));

    const owed = orders({ ...session, lines: late }) + 1_275;
    await till.go(`/history/${session_id}`);
    await expect(page.locator('.chip').first()).toHaveText(words.owes);
    await expect(page.locator('table.bill')).toContainText(words.added_after_end);
    expect(piasters(await page.locator('.due strong').textContent())).toBe(owed);
    await page.locator('.bill-pay .btn-primary').click();
    await expect(page.locator('.chip').first()).toHaveText(words.paid);
    await till.stored();
    expect(paid(await api.session(session_id))).toEqual([total, owed]);
});

test('a line of a bill that was settled elsewhere cannot be changed, and who tried is told', async ({ till, far }) => {
    const { words, api } = till;
    await till.enter('manager');
    await order(till, 1, 'Sting');
    await till.stored();
    const away = await lost(far);
    const { session_id } = await liveOn(till, 1);
    await away.floor.card(1).open();
    await away.floor.session.more('Sting');
    await away.floor.session.close();
    await end(till, 1);
    await till.stored();
    const before = await api.session(session_id);
    await away.comeBack();
    await away.told(words.settled_already);

    expect(await api.session(session_id)).toEqual(before);
    const { sync } = away;
    await sync.open();
    await expect(sync.refused).toHaveCount(1);
    await expect(sync.refused).toContainText([words.settled_already]);
    await expect(sync.refused).toContainText([`${words.quantity_changed}: +1`]);
    await sync.refused.getByRole('button', { name: words.retry }).click();
    await away.told(words.settled_already);
    await expect(sync.refused).toHaveCount(1);
    await sync.refused.getByRole('button', { name: words.dismiss }).click();
    await expect(sync.refused).toHaveCount(0);
});

test('a bill that grew elsewhere is settled as it is, beside what the customer was told', async ({ till, far }) => {
    const { words, api, page } = till;
    await till.enter('manager');
    const away = await lost(far);
    const { session_id } = await liveOn(till, 1);
    await order(till, 1, 'Sting');
    await till.stored();
    const told = await end(away, 1);
    await away.comeBack();
    await away.told(words.amount_differs);

    const session = await api.session(session_id);
    expectRule(session);
    expect(session.settlement).toMatchObject({ told, total: told + 2_000 });
    expect(paid(session)).toEqual([told]);
    await expectReviews([till, away], 'PS 1', 'amount_differs');
    await till.go(`/history/${session_id}`);
    await expect(page.locator('.chip').first()).toHaveText(words.owes);
    expect(piasters(await page.locator('.due strong').textContent())).toBe(2_000);
});

test('a move to a station that got busy meanwhile is refused, and can be tried elsewhere', async ({ till, far }) => {
    const { words, api } = till;
    await till.enter('manager');
    const away = await lost(far);
    const { session_id, station_id } = await liveOn(till, 1);
    await away.floor.act(1, words.move_station);
    await away.floor.session.target('PS 6').click();
    await away.floor.card(6).shows('playing');
    await start(till, 6);
    await order(till, 6, 'Tea');
    await till.stored();
    await away.comeBack();
    await away.told(words.station_busy);

    expect(await api.session(session_id)).toMatchObject({ station_id, segments: [{ rate: 2_000 }] });
    expect((await api.session(session_id)).moves ?? []).toEqual([]);
    await away.floor.card(1).shows('playing');
    await expect(away.floor.card(6).root.locator('.orders')).toContainText('1');
    await expectReviews([till, away], 'PS 1', 'station_busy');

    // Where the station is free again, one tap does it.
    await end(till, 6);
    await till.stored();
    const { sync } = away;
    await sync.open();
    await expect(sync.refused).toContainText([words.was_moved]);
    await sync.refused.getByRole('button', { name: words.retry }).click();
    await expect(sync.refused).toHaveCount(0);
    await sync.close();
    await till.floor.card(6).shows('playing');
    await till.floor.card(1).shows('free');
});

test('a transfer into a session that has ended meanwhile is refused, and both bills stand', async ({ till, far }) => {
    const { words, api } = till;
    await till.enter('manager');
    const away = await lost(far);
    const from = await liveOn(till, 1);
    const to = await liveOn(till, 2);
    await away.floor.act(1, words.transfer_bill);
    await away.floor.session.target('PS 2').click();
    await away.floor.card(1).shows('free');
    const total = await end(till, 2);
    await till.stored();
    await away.comeBack();
    await away.told(words.already_ended);

    expect(await api.session(from.session_id)).toEqual(from);
    const ended = await api.session(to.session_id);
    expectRule(ended);
    expect(ended.transfers ?? []).toEqual([]);
    expect(paid(ended)).toEqual([total]);
    await away.floor.card(1).shows('playing');
    await away.floor.card(2).shows('free');
    await expectReviews([till, away], 'PS 1', 'already_ended');
});

test('a session that was transferred elsewhere is not ended a second time, and its payment stays', async ({ till, far }) => {
    const { words, api, floor } = till;
    await till.enter('manager');
    const away = await lost(far);
    const from = await liveOn(till, 1);
    const to = await liveOn(till, 2);
    await floor.act(1, words.transfer_bill);
    await floor.session.target('PS 2').click();
    await floor.card(1).shows('free');
    await till.stored();
    const told = await end(away, 1);
    await away.comeBack();
    await away.told(words.already_ended, words.overpaid);

    const session = await api.session(from.session_id);
    const worth = playCost(session, session.ended?.at ?? 0) + orders(session);
    expect(session.moved_out).toMatchObject({ to: to.session_id, amount: worth });
    expect(session.settlement?.total).toBe(0);
    expect(session.other_ends).toMatchObject([{ told }]);
    expect(paid(session)).toEqual([told]);
    await expectReviews([till, away], 'PS 1', 'already_ended', 'overpaid');
});

test('a bill that two people settled has one settlement and both payments', async ({ till, far }) => {
    const { words, api, floor, page } = till;
    await till.enter('manager');
    const { session_id } = await liveOn(till, 1);
    await order(till, 1, 'Tea');
    await floor.act(1, words.transfer_bill);
    await floor.sheet.action(words.without_orders);
    await floor.session.target('PS 2').click();
    await floor.card(1).shows('free');
    await till.stored();

    const away = await lost(far, 'cashier', `/history/${session_id}`);
    for (const device of [away, till]) {
        if (device === till) await till.go(`/history/${session_id}`);
        await device.page.locator('.bill-pay .btn-primary').click();
    }
    await expect(page.locator('.chip').first()).toHaveText(words.transferred);
    await till.stored();
    const before = await api.session(session_id);
    await away.comeBack();
    await away.told(words.settled_already, words.overpaid);

    const session = await api.session(session_id);
    expect(session.settlement).toEqual(before.settlement);
    expect(paid(session)).toEqual([...paid(before), ...paid(before)]);
    expect(paid(before)).toEqual([orders(session)]);
    await expectReviews([till, away], 'PS 1', 'settled', 'overpaid');
});

test('a start on a station that was closed meanwhile stands, and somebody should look', async ({ till, far }) => {
    const { words, api, page } = till;
    await till.enter('manager');
    const away = await lost(far);
    await start(away, 6);
    const station_id = await away.floor.card(6).stationId();
    await till.go('/stations');
    await till.button(`${words.edit} PS 6`).click();
    await till.dialog.getByLabel(words.maintenance).check();
    await till.button(words.save).click();
    await expect(page.getByRole('row').filter({ hasText: 'PS 6' })).toContainText(words.maintenance);
    await till.stored();
    await away.comeBack();
    await away.told(words.station_closed);

    expect((await api.liveOn(station_id)).station_id).toBe(station_id);
    await expectReviews([till, away], 'PS 6', 'station_closed');
    await till.go();
    for (const { floor } of [till, away]) await floor.card(6).shows('playing');
});

test('a payment that comes before its session waits for it', async ({ till }) => {
    const { words, api, floor, sync } = till;
    await till.enter('manager');
    const [session_id, payment_id] = [newId(), newId()];
    const station_id = await floor.card(6).stationId();
    const payment = { session_id, payment_id, method: 'cash', amount: 2_500 };
    const { outcomes } = await api.push([{ payment_taken: payment }]);
    expect(outcomes).toMatchObject([{ outcome: { review: 'payment_unknown_session' } }]);
    await sync.open();
    await expect(sync.toLookAt).toContainText([words.payment_waits]);
    await sync.close();

    const rates = { single: 2_000, multi: 4_000 };
    await api.push([{ session_started: { session_id, station_id, mode: 'single', rates } }]);
    await floor.card(6).shows('playing');
    expect(await api.table('suspense')).toMatchObject([{ payment_id, is_linked: true }]);
    expect((await api.session(session_id)).payments).toMatchObject([{ payment_id, amount: 2_500 }]);
});

test('a till whose clock jumped while it was away starts a session when it is heard, and somebody should look', async ({ till, far }) => {
    const { words, api } = till;
    await till.enter('manager');
    const away = await lost(far);
    await away.page.evaluate(() => {
        const now = Date.now.bind(Date);
        Date.now = () => now() + 3_600_000;
    });
    await start(away, 6);
    const station_id = await away.floor.card(6).stationId();
    const before = Date.now();
    await away.comeBack();
    await away.told(words.clock_off);

    const { started_at } = await api.liveOn(station_id);
    expect(started_at).toBeGreaterThanOrEqual(before);
    expect(started_at).toBeLessThanOrEqual(Date.now());
    await expectReviews([till, away], 'PS 6', 'clock_off');
});

test('play goes on from a reopened bill only where the station is still free', async ({ till, far }) => {
    const { words, api, floor } = till;
    await till.enter('manager');
    const { session_id } = await liveOn(till, 1);
    await end(till, 1);
    await till.stored();
    const before = await api.session(session_id);
    const away = await lost(far, 'manager', `/history/${session_id}`);
    await away.button(words.play_on).click();
    await away.dialog.getByLabel(words.reason).fill('They stayed');
    await away.dialog.getByRole('button', { name: words.play_on, exact: true }).click();
    await start(till, 1);
    await till.stored();
    await away.comeBack();
    await away.told(words.station_busy);

    expect(await api.session(session_id)).toEqual(before);
    expect((await api.liveOn(await floor.card(1).stationId())).session_id).not.toBe(session_id);
    await away.sync.open();
    await expect(away.sync.refused).toContainText([words.was_reopened]);
    await expect(away.sync.refused).toContainText([words.station_busy]);
});

async function edit(till: Till, name: string, values: Record<string, string>): Promise<void> {
    await till.button(`${till.words.edit} ${name}`).click();
    for (const [word, value] of Object.entries(values)) await till.field(till.words[word]).fill(value);
    await till.button(till.words.save).click();
    await expect(till.dialog).toHaveCount(0);
}

test('edits of one item on two devices merge; of one field the first in the log stays, and the other is one tap away', async ({ till, far }) => {
    const { words, api } = till;
    await till.enter('manager', '/menu');
    const away = await lost(far, 'owner', '/menu');
    const row = ({ page }: Till, name: string) => page.getByRole('row').filter({ hasText: name });
    await edit(away, 'Tea', { name_en: 'Black tea', price: '7.25' });
    await row(till, 'Tea').getByRole('button', { name: words.available }).click();
    await edit(till, 'Tea', { price: '9' });
    await till.stored();
    await away.comeBack();

    type Item = { name: { en: string }; price: number; is_available: boolean };
    const items = await api.table<Item>('item');
    expect(items.find(({ name }) => name.en === 'Black tea')).toMatchObject({ price: 900, is_available: false });
    for (const device of [till, away]) {
        await expect(row(device, 'Black tea')).toContainText(words.sold_out);
        await expect(row(device, 'Black tea').locator('.sum')).toContainText('9');
    }
    const sheet = new SyncSheet(till.page, words);
    await sheet.open();
    await expect(sheet.toLookAt).toContainText(words.edited_twice);
    await expect(sheet.toLookAt).toContainText('7.25');
    await sheet.toLookAt.getByRole('button', { name: words.take_other_side }).click();
    await expect(sheet.toLookAt).toHaveCount(0);
    await expect(row(away, 'Black tea').locator('.sum')).toContainText('7.25');
});

test('edits of one station on two devices merge', async ({ till, far }) => {
    const { words, api } = till;
    await till.enter('manager', '/stations');
    const away = await lost(far, 'owner', '/stations');
    await edit(away, 'PS 6', { rate_single: '25', rate_multi: '45.50' });
    await edit(till, 'PS 6', { name_en: 'Corner' });
    await till.stored();
    await away.comeBack();

    const stations = await api.table<{ name: { en: string }; rates: object }>('station');
    const corner = stations.find(({ name }) => name.en === 'Corner');
    expect(corner?.rates).toEqual({ single: 2_500, multi: 4_550 });
    for (const { page } of [till, away]) {
        await expect(page.getByRole('row').filter({ hasText: 'Corner' })).toContainText('45.50');
    }
    await expectReviews([till, away], '');
});

import { playCost } from '../pages/sums';
import { expect, test, type Till } from '../pages/test';
import type { TimeOfDay } from '../pages/floor';
import { HOUR_MS, zoneAt } from '../pages/zone';

/** The last moment before now at which the clock of a zone showed a time. */
function lastAt({ hour, minute, isPm }: TimeOfDay, { behind_ms }: { behind_ms: number }): number {
    const local = Date.now() - behind_ms;
    const midnight = local - (local % (24 * HOUR_MS));
    const at = midnight + ((hour % 12) + (isPm ? 12 : 0)) * HOUR_MS + minute * 60_000;
    return (at <= local ? at : at - 24 * HOUR_MS) + behind_ms;
}

async function startAt(till: Till, time: TimeOfDay, says: string): Promise<string> {
    const { words, floor, api } = till;
    const card = floor.card(6);
    await card.press(words.start);
    await floor.start.at(time);
    await expect(floor.start.meaning).toContainText(says);
    await floor.start.start();
    await till.stored();
    return (await api.liveOn(await card.stationId())).session_id;
}

async function expectBilled(till: Till, session_id: string, started_at: number): Promise<void> {
    const { words, floor, api } = till;
    await floor.card(6).press(words.bill);
    await floor.end.action(words.exact);
    await floor.end.finish();
    await floor.receipt.opened(words.receipt);
    await till.stored();
    const session = await api.session(session_id);
    expect(session.started_at).toBe(started_at);
    expect(session.settlement?.total).toBe(playCost(session, session.ended?.at ?? 0));
    expect(await floor.receipt.total()).toBe(session.settlement?.total);
}

test.describe('at noon', () => {
    const noon = zoneAt(12);
    test.use({ flags: noon.flags });

    test('a start later than now means yesterday, says so, and is billed so', async ({ till }) => {
        await till.enter('cashier');
        const time = { hour: 11, minute: 30, isPm: true };
        const session_id = await startAt(till, time, till.words.later_than_now);
        const started_at = lastAt(time, noon);
        expect(Date.now() - started_at).toBeGreaterThan(11 * HOUR_MS);
        await expectBilled(till, session_id, started_at);
    });

    test('a start earlier today means today', async ({ till }) => {
        await till.enter('cashier');
        const time = { hour: 9, minute: 15, isPm: false };
        const session_id = await startAt(till, time, till.words.today);
        await expectBilled(till, session_id, lastAt(time, noon));
    });
});

test.describe('just after midnight', () => {
    const midnight = zoneAt(0);
    test.use({ flags: midnight.flags });

    test('a start before midnight is an hour ago, not a day ahead', async ({ till }) => {
        await till.enter('cashier');
        const time = { hour: 11, minute: 20, isPm: true };
        const session_id = await startAt(till, time, till.words.later_than_now);
        const started_at = lastAt(time, midnight);
        expect(Date.now() - started_at).toBeLessThan(2 * HOUR_MS);
        await expectBilled(till, session_id, started_at);
    });
});

import type { Outage, Session } from '../pages/api';
import { CutSheet } from '../pages/cut';
import { orders, playCost, timeOfDay } from '../pages/sums';
import { allow } from '../pages/staff';
import { AWAY, expect, test, type Till } from '../pages/test';
import { zoneAt } from '../pages/zone';

const noon = zoneAt(12);
test.use({ flags: noon.flags });
test.describe.configure({ timeout: 90_000 });

/** For so long the power was off: five sessions of the demo were running when it went, and one was paused meanwhile. */
const MINUTES = 38;

async function outage({ api }: Till): Promise<Outage> {
    const outages = await api.table<Outage>('outage');
    expect(outages).toHaveLength(1);
    return outages[0];
}

/** The session on a station of the floor, by its place. */
async function on({ api, floor }: Till, place: number): Promise<Session> {
    return api.liveOn(await floor.card(place).stationId());
}

test('who played through a power cut is charged for it, or not, as somebody decides', async ({ till, another, shop, noise }) => {
    noise.expect(AWAY);
    const { words, floor, api, page } = till;
    await till.enter('manager');
    const theirs = await another();
    await theirs.enter('cashier');
    const [sheet, other] = [new CutSheet(page, words), new CutSheet(theirs.page, words)];
    await expect(sheet.band).toHaveCount(0);

    await shop.powerCut(MINUTES);
    for (const { band } of [sheet, other]) {
        await expect(band).toHaveCount(1, { timeout: 20_000 });
        await expect(band).toContainText(words.cut_few.replace('{n}', '4'));
    }
    const { from, to } = await outage(till);
    expect(to - from).toBeGreaterThanOrEqual(MINUTES * 60_000);
    const [began, ended] = [from, to].map((at) => timeOfDay(at, noon.name));
    const said = words.cut_from_to.replace('{from}', began).replace('{to}', ended);
    await expect(sheet.band).toContainText(said);
    const places = [1, 2, 3, 4];
    const before = await Promise.all(places.map((place) => on(till, place)));
    for (const session of before) expect(session.cuts, 'no bill changes by itself').toBeUndefined();

    await sheet.openIt();
    await expect(sheet.root.locator('.cut-row')).toHaveCount(4);
    for (const [n, session] of before.entries()) {
        const stopped = await sheet.wouldOwe(n + 1, 'stop_at');
        expect(stopped).toBe(playCost(session, from) + orders(session));
        expect(stopped).toBeLessThanOrEqual(await sheet.wouldOwe(n + 1, 'take_out'));
    }
    await sheet.field(words.cut_reason).fill('They waited in the dark');
    await sheet.choose(1, 'take_out');
    await till.told(words.cut_taken_out);
    await sheet.chosen(1, 'take_out');
    await sheet.choose(2, 'stop_at');
    await sheet.chosen(2, 'stop_at');
    await sheet.choose(3, 'charge');
    await sheet.chosen(3, 'charge');

    // Another thought, and back again.
    await sheet.choose(3, 'stop_at');
    await sheet.chosen(3, 'stop_at');
    await sheet.root.locator('.toast').filter({ hasText: words.cut_stopped }).last().getByRole('button', { name: words.undo }).click();
    await sheet.chosen(3, 'charge');
    await expect(other.band).toContainText(words.cut_one);
    await sheet.chooseForAll('take_out');
    await expect(sheet.root).toContainText(words.cut_all_decided);
    await sheet.finish();
    for (const { band } of [sheet, other]) await expect(band).toHaveCount(0);
    await floor.card(2).shows('paused');
    await theirs.floor.card(2).shows('paused');
    await till.stored();

    const after = await Promise.all(places.map((place) => on(till, place)));
    const verdicts = after.map(({ cuts }) => cuts?.map(({ verdict }) => verdict));
    expect(verdicts).toEqual([['take_out'], ['stop_at'], ['charge'], ['take_out']]);
    expect((await on(till, 5)).cuts, 'who let it pause has seen to it').toBeUndefined();
    for (const [n, session] of after.entries()) {
        const at = Date.now();
        const whole = playCost({ ...before[n] }, at);
        const billed = playCost(session, at);
        if (n === 2) expect(billed).toBe(whole);
        else expect(billed).toBeLessThan(whole);
        if (n === 1) expect(billed).toBe(playCost(before[n], from));
    }

    // What is paid is what the rule makes of it, for who played on and for whose play had stopped.
    for (const place of [1, 2]) {
        const { session_id } = after[place - 1];
        await floor.card(place).press(words.bill);
        await floor.end.action(words.exact);
        const due = await floor.end.due();
        await floor.end.finish();
        await floor.receipt.opened(words.receipt);
        await floor.receipt.close();
        await till.stored();
        const session = await api.session(session_id);
        const play = playCost(session, session.ended?.at ?? 0);
        expect(session.settlement).toMatchObject({ parts: { play, orders: orders(session) }, total: due });
    }

    await till.reload();
    await till.live();
    await expect(floor.card(3).root).toBeVisible();
    await expect(sheet.band, 'nobody is asked twice').toHaveCount(0);
    await shop.kill9();
    await shop.start();
    await theirs.live();
    await expect(other.band).toHaveCount(0);
    await outage(till);

    await till.go(`/history/${after[0].session_id}`);
    await expect(page.locator('.trail')).toContainText(`${words.cut_taken_out}: ${MINUTES}`);
    await expect(page.locator('.trail')).toContainText('They waited in the dark');
    const owner = await another();
    await owner.enter('owner', '/audit?group=play');
    for (const told of [words.outage_found, words.cut_taken_out, words.cut_stopped, words.cut_charged, 'They waited in the dark']) {
        await expect(owner.page.locator('tbody')).toContainText(told);
    }
});

test('a cashier charges a power cut alone, and takes it off with the PIN of somebody who may', async ({ till, shop, noise }) => {
    noise.expect(AWAY);
    const { words, floor, api, page } = till;
    await till.enter('cashier');
    await shop.powerCut(MINUTES);
    const sheet = new CutSheet(page, words);
    await expect(sheet.band).toHaveCount(1, { timeout: 20_000 });

    // Who ends a session that nobody has decided about is told so on its bill.
    await floor.card(1).press(words.bill);
    await expect(floor.end.root).toContainText(words.cut_open_bill.replace('{n}', `${MINUTES} min`));
    await floor.end.action(words.cut_decide);
    await sheet.opened(words.cut_title);
    await expect(sheet.root).toContainText(words.cut_needs_approval);
    await sheet.choose(1, 'charge');
    await sheet.chosen(1, 'charge');
    await sheet.chooseForAll('take_out');
    await expect(till.dialog.filter({ hasText: words.needs_approval })).toBeVisible();
    expect((await on(till, 2)).cuts).toBeUndefined();
    await allow(till, 'منى', '2222');
    await till.told(words.cut_taken_out);
    await expect(sheet.root).toContainText(words.cut_all_decided);
    await till.stored();
    for (const place of [2, 3, 4]) expect((await on(till, place)).cuts).toMatchObject([{ verdict: 'take_out' }]);
    expect(await api.table('review'), 'nobody has to look at what was allowed').toEqual([]);
});

test('of two who choose differently the first decides, and the other is kept', async ({ till, far, shop, noise }) => {
    noise.expect(AWAY);
    const { words, page } = till;
    await till.enter('manager');
    const away = await far();
    await away.enter('manager');
    await away.ready();
    await shop.powerCut(MINUTES);
    const [here, there] = [new CutSheet(page, words), new CutSheet(away.page, words)];
    await expect(there.band).toHaveCount(1, { timeout: 20_000 });
    await away.linked('live');
    await away.leave();
    await there.openIt();
    await there.choose(1, 'stop_at');
    await there.chosen(1, 'stop_at');

    await expect(here.band).toHaveCount(1, { timeout: 20_000 });
    await here.openIt();
    await here.choose(1, 'take_out');
    await here.chosen(1, 'take_out');
    await away.comeBack();
    await away.told(words.edited_twice);
    await there.chosen(1, 'take_out');
    const cuts = (await on(till, 1)).cuts;
    expect(cuts).toMatchObject([{ verdict: 'take_out' }]);
});

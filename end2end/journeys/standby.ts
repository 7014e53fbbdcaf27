// The shop and its standby: how one gets the other, what goes on when the shop is away, and what is left of it.

import type { Page, Response } from '@playwright/test';
import { CutSheet } from '../pages/cut';
import { Login } from '../pages/door';
import { look, PHONE } from '../pages/looks';
import { goesOn, hearsShop, isBack, KEY, knows, missesShop, pair, PASSWORD, prepared, StandbyPage, test, together } from '../pages/standby';
import type { Server } from '../pages/server';
import { AWAY, expect, Till } from '../pages/test';
import type { Session } from '../pages/api';

test.use({ flags: ['--demo'] });
test.describe.configure({ timeout: 120_000 });

/** What stands on the floor: each station, and how it is. */
async function floorOf(page: Page): Promise<(string | null)[][]> {
    const cards = page.locator('article.station');
    return cards.evaluateAll((cards) => cards.map((card) => ['data-station', 'data-state'].map((name) => card.getAttribute(name))));
}

/** When the page was loaded: another moment after a reload. */
function loadedAt(page: Page): Promise<number> {
    return page.evaluate(() => performance.timeOrigin);
}

/** The sessions that anybody ever began on a station and that are not over, those that went into another not counted. */
async function liveOn({ api }: Till, station_id: string): Promise<Session[]> {
    const sessions = await api.table<Session & { alias_of?: string }>('session');
    return sessions.filter((session) => session.station_id === station_id && !session.ended && !session.alias_of);
}

async function start({ floor, words }: Till, place: number): Promise<void> {
    await floor.card(place).press(words.start);
    await floor.start.start();
    await floor.card(place).shows('playing');
}

async function order({ floor, words }: Till, place: number, item: string): Promise<void> {
    await floor.card(place).press(words.order);
    await floor.order.add(item);
    await floor.order.save();
}

/** A shop that has a standby: with somebody's phone that knows both, and its owner in front of the standby. */
async function spread(till: Till, another: (place: { viewport: typeof PHONE } | { at: Server }) => Promise<Till>, standby: Server) {
    await pair(till, standby);
    await till.go();
    const phone = await another({ viewport: PHONE });
    await phone.enter('cashier');
    const there = await another({ at: standby });
    await there.api.signIn('1111', 'owner');
    for (const device of [till, phone]) await prepared(device, standby);
    const [{ name }] = await till.api.table<{ name: string }>('shop');
    const station_id = await till.floor.card(6).stationId();
    return { phone, there, name, station_id };
}

const names = ({ lines = [] }: Session) => lines.map(({ name, quantity }) => `${quantity} ${name.en}`).sort();

test('an owner gives the shop a standby, which is filled and lets people in by itself', async ({ till, another, standby }) => {
    const { words, page } = till;
    const there = await another({ at: standby });
    await there.go();
    await expect(there.page.getByRole('heading', { level: 1 })).toHaveText(words.standby_waits);
    await expect(there.page.getByText(words.standby_waits_note)).toBeVisible();

    await till.enter('owner', '/standby');
    const desk = new StandbyPage(till);
    await desk.is(words.is_shop);
    await desk.says(words.no_standby);
    const drawn = await desk.drawKey();
    await expect(desk.command).toHaveText(new RegExp(`^mikrodash serve --standby .*--shop-token ${drawn}$`));

    // A key that is not the standby's, first.
    await desk.set(standby.url, drawn);
    await expect(desk.line).toContainText(words.line_wrong_key);
    await desk.says(words.line_down);
    await desk.set(standby.url, KEY);
    await till.told(words.was_saved);
    await desk.says(words.line_up);

    const login = new Login(there.page, words);
    await login.shows();
    await login.pick('هاني');
    await login.pin('1111');
    await there.linked('standby');
    await till.go();
    await till.live();
    await expect(there.page.locator('article.station').first()).toBeVisible();
    expect(await floorOf(there.page)).toEqual(await floorOf(page));
    const other = new StandbyPage(there);
    await other.open();
    await other.is(words.is_standby);
    await other.says(words.line_up);
});

test('a certificate that nobody vouches for is confirmed with the password, which stays while it is typed', async ({ till, standby, noise }) => {
    noise.expect(/status of 4\d\d .*api\/set_standby/);
    const { words } = till;
    await till.enter('owner', '/standby');
    const desk = new StandbyPage(till);
    await desk.set(`https://localhost:${standby.tlsPort}`, KEY);
    await expect(desk.line).toContainText(words.line_untrusted);
    await expect(desk.line.locator('.commands')).toHaveText(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    const fingerprint = await desk.line.locator('.commands').textContent();
    expect(standby.log, 'what the owner compares it with').toContain(`with the certificate ${fingerprint}`);
    const password = desk.line.getByLabel(words.your_password);
    await password.pressSequentially('play');
    // The page looks twice meanwhile.
    await till.page.waitForResponse((answer) => answer.url().endsWith('/api/standby'));
    await till.page.waitForResponse((answer) => answer.url().endsWith('/api/standby'));
    await password.pressSequentially('station');
    await expect(password).toHaveValue(PASSWORD);
    await till.button(words.trust_certificate).click();
    await till.told(words.was_saved);
    await desk.says(words.line_up);
});

test('the shop dies in a busy hour, everybody goes on at the standby, and it is all there once when the shop is back', async ({ till, another, shop, standby, noise }) => {
    noise.expect(AWAY);
    const { words } = till;
    const phone = await another({ viewport: PHONE });
    await pair(phone, standby);
    await phone.go();
    await till.enter('cashier');
    const there = await another({ at: standby });
    await there.api.signIn('2222', 'manager');
    await there.go();
    await there.linked('standby');
    for (const device of [phone, till]) await prepared(device, standby);
    const [loaded, station_id] = [await loadedAt(phone.page), await phone.floor.card(6).stationId()];

    const heard = phone.page.waitForResponse((answer) => answer.url() === `${standby.url}/api/feed` && answer.ok());
    await shop.kill9();
    for (const device of [phone, till]) await goesOn(device);
    await missesShop(there);
    await heard;
    await start(phone, 6);
    await order(phone, 6, 'Tea');
    for (const device of [there, till]) {
        await device.floor.card(6).shows('playing');
        await expect(device.floor.card(6).root.locator('.orders')).toContainText('1');
    }
    await expect(phone.page.locator('.badge [role=status]')).toContainText(`2 ${words.held}`);
    // What one recorded here, others go on with.
    await order(till, 6, 'Pepsi');
    await expect(phone.floor.card(6).root.locator('.orders')).toContainText('2');
    await phone.floor.card(1).press(words.bill);
    await phone.floor.end.finish();
    await phone.floor.receipt.close();
    await there.floor.card(1).shows('free');
    const [held] = await liveOn(there, station_id);

    await shop.start();
    for (const device of [phone, till]) await isBack(device);
    expect(await loadedAt(phone.page), 'the page was never loaded anew').toBe(loaded);
    await together(phone);
    const live = await liveOn(phone, station_id);
    expect(live).toHaveLength(1);
    expect(names(live[0])).toEqual(['1 Pepsi', '1 Tea']);
    if (held) expect(live[0].session_id).toBe(held.session_id);
    await phone.floor.card(1).shows('free');
    await hearsShop(there);
    await expect(phone.page.locator('.badge')).not.toContainText(words.held);
    const desk = new StandbyPage(phone);
    await desk.open();
    await desk.is(words.is_shop);
    await desk.says(words.line_up);
    expect(await phone.api.table('review'), 'nobody has anything to look at').toEqual([]);
});

test('whatever shop, standby and a till record while each is alone comes together once', async ({ till, another, shop, standby, noise }) => {
    noise.expect(AWAY, /ERR_INTERNET_DISCONNECTED/);
    const { words } = till;
    await pair(till, standby);
    await till.go('/');
    const phone = await another({ viewport: PHONE });
    await phone.enter('manager');
    const cut = await another();
    await cut.enter('cashier');
    for (const device of [till, phone, cut]) await prepared(device, standby);
    const [six, seven] = [await till.floor.card(6).stationId(), await till.floor.card(7).stationId()];

    // The standby is away, and the shop notices nothing but that.
    await standby.kill9();
    await start(till, 6);
    await till.stored();
    const desk = new StandbyPage(till);
    await desk.open();
    await desk.says(words.line_down);
    await standby.start();
    await desk.says(words.line_up);
    await till.go();
    await together(till);

    // A till that hears neither, and the shop away from everybody else.
    await cut.page.context().setOffline(true);
    await cut.linked('offline');
    await shop.kill9();
    await goesOn(phone);
    await phone.floor.card(6).shows('playing');
    await order(phone, 6, 'Tea');
    await start(phone, 7);
    await order(cut, 6, 'Pepsi');
    await start(cut, 7);
    await order(cut, 7, 'Coffee');
    await expect(phone.page.locator('.badge [role=status]')).toContainText(`2 ${words.held}`);
    await expect(cut.page.locator('.badge [role=status]')).toContainText(`3 ${words.waiting}`);

    await shop.start();
    await cut.page.context().setOffline(false);
    for (const device of [phone, cut, till]) await isBack(device);
    await together(till);
    const [onSix, onSeven] = [await liveOn(till, six), await liveOn(till, seven)];
    expect([onSix.map(names), onSeven.map(names)]).toEqual([[['1 Pepsi', '1 Tea']], [['1 Coffee']]]);
    for (const device of [till, phone, cut]) {
        await expect(device.floor.card(6).root.locator('.orders')).toContainText('2');
        await device.floor.card(7).shows('playing');
    }
    await till.sync.open();
    await expect(till.sync.toLookAt.filter({ hasText: words.second_start })).toHaveCount(1);
});

test('a shop that is gone for good is followed by its standby, and becomes the standby when it comes back', async ({ till, another, shop, standby, noise }) => {
    noise.expect(AWAY, /status of 4\d\d .*api\/promote/);
    const { words } = till;
    const { phone, there, name, station_id } = await spread(till, another, standby);

    await shop.kill9();
    await goesOn(phone);
    await start(phone, 6);
    const desk = new StandbyPage(there);
    await desk.open();
    await desk.is(words.is_standby);
    await desk.says(words.line_down);
    await desk.promote('Another', PASSWORD);
    await expect(there.page.locator('.toast[data-tone=bad]')).toHaveCount(1);
    await desk.is(words.is_standby);
    await desk.promote(name, PASSWORD);
    await there.told(words.was_promoted);
    await desk.is(words.is_shop);
    await there.go();
    await there.linked('live');
    await there.floor.card(6).shows('playing');
    // What the shop alone had may be missing: the owner is told, and sees what came back.
    await expect(there.page.getByText(words.loss_promoted)).toBeVisible();
    await there.page.getByRole('link', { name: words.came_back }).click();
    await expect(there.page.getByRole('heading', { level: 1 })).toHaveText(words.came_back);
    await expect(there.page.locator('.line-card')).toContainText(words.loss_promoted);
    await there.go();
    await order(there, 6, 'Tea');
    await there.stored();
    // Phones with the old shop's pages go on as before.
    await expect(phone.floor.card(6).root.locator('.orders')).toContainText('1');
    await order(phone, 6, 'Pepsi');
    await expect(there.floor.card(6).root.locator('.orders')).toContainText('2');

    await shop.start();
    const old = new StandbyPage(till);
    await old.open();
    await old.is(words.is_standby);
    await old.says(words.line_up);
    await till.go();
    await till.linked('standby');
    await till.floor.card(6).shows('playing');
    await expect(till.floor.card(6).root.locator('.orders')).toContainText('2');
    await till.floor.card(6).press(words.pause);
    await there.floor.card(6).shows('paused');
    const live = await liveOn(there, station_id);
    expect(live.map(names)).toEqual([['1 Pepsi', '1 Tea']]);
    const wrong: string[] = [];
    await there.go('/returned');
    await expect(there.page.locator('.line-card')).toHaveCount(1);
    await look(there, 'came-back', wrong);
    expect(wrong).toEqual([]);
});

test('when the server that took the place of the shop is lost as well, the shop goes on as its owner says, with what phones have', async ({ till, another, shop, standby, noise }) => {
    noise.expect(AWAY);
    const { words } = till;
    const { phone, there, name, station_id } = await spread(till, another, standby);

    await shop.kill9();
    await goesOn(phone);
    const desk = new StandbyPage(there);
    await desk.open();
    await desk.promote(name, PASSWORD);
    await there.told(words.was_promoted);
    await start(phone, 6);
    await order(phone, 6, 'Tea');
    await phone.stored();
    await standby.kill9();
    await shop.start();

    // The shop knows nothing of that; phones do, and keep what they have until somebody decides.
    await expect(phone.page.locator('.alarm-bar')).toContainText(words.overruled, { timeout: 60_000 });
    await phone.floor.card(6).shows('playing');
    const old = new StandbyPage(till);
    await old.open();
    await old.is(words.is_shop);
    await expect(till.page.getByRole('heading', { name: words.overruled_title })).toBeVisible({ timeout: 30_000 });
    const wrong: string[] = [];
    await look(till, 'standby-overruled', wrong);
    await look(phone, 'floor-overruled', wrong);
    expect(wrong).toEqual([]);
    expect(await liveOn(till, station_id), 'nothing is given to a server that may not be the shop').toEqual([]);
    await old.promote(name, PASSWORD, words.overruled_do);
    await till.told(words.was_promoted);
    await expect(till.page.getByRole('heading', { name: words.overruled_title })).toHaveCount(0);
    await expect(phone.page.locator('.alarm-bar')).toHaveCount(0, { timeout: 20_000 });
    await phone.linked('live');
    await phone.stored();
    await till.go();
    await expect(till.page.getByText(words.loss_overruled)).toBeVisible();
    await till.floor.card(6).shows('playing');
    const live = await liveOn(till, station_id);
    expect(live.map(names)).toEqual([['1 Tea']]);
    await till.go('/returned');
    await expect(till.page.locator('.line-card')).toContainText(words.loss_overruled);
});

test('what becomes of a power cut is decided on a phone at the standby, and not asked again when the shop is back', async ({ till, another, shop, standby, noise }) => {
    noise.expect(AWAY);
    const { words } = till;
    const minutes = 12;
    await pair(till, standby);
    await till.go();
    const phone = await another({ viewport: PHONE });
    await phone.enter('manager');
    await prepared(phone, standby);
    await shop.kill9();
    await standby.missed(minutes);
    await goesOn(phone);
    const sheet = new CutSheet(phone.page, words);
    await expect(sheet.band).toContainText(words.cut_few.replace('{n}', '4'));
    await sheet.openIt();
    await sheet.choose(1, 'stop_at');
    await sheet.choose(2, 'take_out');
    for (const [place, verdict] of [[1, 'stop_at'], [2, 'take_out']] as const) await sheet.chosen(place, verdict);
    await sheet.close();
    await expect(sheet.band).toContainText(words.cut_two);

    await shop.comesBack(minutes);
    for (const device of [phone, till]) await isBack(device);
    await together(till);
    const asked = new CutSheet(till.page, words);
    await expect(asked.band).toContainText(words.cut_two, { timeout: 20_000 });
    await asked.openIt();
    await asked.chosen(1, 'stop_at');
    await asked.chosen(2, 'take_out');
    const [stopped, taken] = await Promise.all([1, 2].map(async (place) => liveOn(till, await till.floor.card(place).stationId())));
    const cuts = [...stopped, ...taken].map(({ cuts }) => cuts);
    expect(cuts, 'the time that was decided about has its end').toMatchObject([[{ verdict: 'stop_at', over_at: expect.any(Number) }], [{ verdict: 'take_out', over_at: expect.any(Number) }]]);
    await asked.chooseForAll('charge');
    await asked.finish();
    await expect(sheet.band).toHaveCount(0);
});

test('a shop that hangs is left for the standby, and what was on its way to it counts once', async ({ till, another, shop, standby, noise }) => {
    noise.expect(AWAY);
    const { words } = till;
    await pair(till, standby);
    await till.go();
    const phone = await another({ viewport: PHONE });
    await phone.enter('cashier');
    for (const device of [till, phone]) await prepared(device, standby);
    const station_id = await phone.floor.card(6).stationId();
    await together(till);
    // It takes what is sent, and says nothing: so it is when the power goes, and the router with it.
    shop.freeze();
    await start(phone, 6);
    for (const device of [phone, till]) await device.linked('standby', 60_000);
    await order(phone, 6, 'Tea');
    await expect(till.floor.card(6).root.locator('.orders')).toContainText('1', { timeout: 15_000 });
    await expect(phone.page.locator('.badge [role=status]')).toContainText(`2 ${words.held}`);
    shop.thaw();
    for (const device of [phone, till]) await isBack(device);
    await together(till);
    expect((await liveOn(till, station_id)).map(names)).toEqual([['1 Tea']]);
    expect(await till.api.table('review'), 'nobody has anything to look at').toEqual([]);
});

test('the shop is handed over to the standby and back, and nobody loses anything', async ({ till, another, standby, noise }) => {
    // A page may ask what only a shop gives before it has heard that this is none any more.
    noise.expect(AWAY, /status of 409 .*api\/(lease_vouchers|standby_pass)/);
    const { words } = till;
    await pair(till, standby);
    const phone = await another({ viewport: PHONE });
    await phone.enter('cashier');
    const there = await another({ at: standby });
    await there.api.signIn('1111', 'owner');
    await there.go();
    const station_id = await phone.floor.card(6).stationId();
    const [here, other] = [new StandbyPage(till), new StandbyPage(there)];
    await here.open();
    await here.says(words.line_up);
    noise.expect(/status of 401 .*api\/hand_over/);
    await here.handOver('not my password');
    await expect(till.page.locator('.toast[data-tone=bad]')).toHaveCount(1);
    await here.is(words.is_shop);
    await here.handOver(PASSWORD);
    await till.told(words.was_handed_over);
    await here.is(words.is_standby);
    await there.linked('live');
    await start(there, 6);
    await phone.floor.card(6).shows('playing');
    await phone.linked('standby');
    await order(phone, 6, 'Tea');
    await expect(there.floor.card(6).root.locator('.orders')).toContainText('1');

    await other.open();
    await other.is(words.is_shop);
    await other.says(words.line_up);
    await other.handOver(PASSWORD);
    await there.told(words.was_handed_over);
    await other.is(words.is_standby);
    await phone.linked('live');
    await order(phone, 6, 'Pepsi');
    await phone.stored();
    await here.is(words.is_shop);
    await here.says(words.line_up);
    expect((await liveOn(till, station_id)).map(names)).toEqual([['1 Pepsi', '1 Tea']]);
    await there.go();
    await expect(there.floor.card(6).root.locator('.orders')).toContainText('2');
});

test('a device that the standby does not know yet goes on when either server lets it in', async ({ till, another, shop, standby, noise }) => {
    noise.expect(AWAY, /status of 401/);
    const { words } = till;
    await pair(till, standby);
    // The line is down when the phone signs in, so that the standby hears nothing of it.
    await standby.kill9();
    const phone = await another({ viewport: PHONE });
    await phone.enter('cashier');
    const pass = await knows(phone, standby.url);
    await phone.stored();
    const station_id = await phone.floor.card(6).stationId();
    await shop.kill9();
    const isRefused = (answer: Response) => answer.url().startsWith(standby.url) && answer.status() === 401;
    const answer = phone.page.waitForResponse(isRefused, { timeout: 30_000 });
    await standby.start();
    await answer;
    await start(phone, 6);
    await expect(phone.page.locator('.badge [role=status]')).toContainText(`1 ${words.waiting}`);
    // The shop is back, but not for the phone, of which the standby hears now.
    const shopOnly = `${shop.url}/**`;
    await phone.page.route(shopOnly, (route) => route.abort());
    await shop.start();
    await phone.linked('standby', 60_000);
    await together(till);
    expect(await liveOn(till, station_id)).toHaveLength(1);
    await phone.page.unroute(shopOnly);
    await isBack(phone);
    await together(till);
    await shop.kill9();
    await goesOn(phone);
    expect(await knows(phone, standby.url), 'it opens the standby, and is kept').toBe(pass);
});

test('the app on a phone opens without the shop, and reaches the standby', async ({ till, another, shop, standby, noise }) => {
    // The browser also looks for a newer worker, whenever it likes.
    noise.expect(AWAY, /error occurred when fetching the script/);
    await pair(till, standby);
    const phone = await another({ viewport: PHONE });
    await phone.enter('manager');
    await phone.ready();
    await prepared(phone, standby);
    const there = await another({ at: standby });
    await there.api.signIn('3333', 'cashier');
    await there.go();
    await there.linked('standby');
    await shop.kill9();

    await phone.page.close();
    const opened = new Till(await phone.page.context().newPage(), phone.language);
    await opened.go();
    await goesOn(opened);
    await start(opened, 6);
    await there.floor.card(6).shows('playing');
    await opened.reload();
    await goesOn(opened);
    await opened.floor.card(6).shows('playing');
    await order(opened, 6, 'Tea');
    await expect(there.floor.card(6).root.locator('.orders')).toContainText('1');

    await shop.start();
    await isBack(opened);
    await together(till);
    const live = await liveOn(opened, await opened.floor.card(6).stationId());
    expect(live.map(names)).toEqual([['1 Tea']]);
});

test('an owner who is at home signs in at the standby while the shop is away, and what they do is theirs', async ({ till, another, shop, standby, noise }) => {
    noise.expect(AWAY, /status of 401 .*api\/sign_in/);
    const { words } = till;
    await pair(till, standby);
    await shop.kill9();
    const home = await another({ at: standby, viewport: PHONE });
    await home.go();
    const login = new Login(home.page, words);
    await login.shows();
    await login.pick('هاني');
    await login.pin('1112');
    await expect(login.problem).toBeVisible();
    await login.pin('1111');
    await home.linked('standby');
    await missesShop(home);
    const station_id = await home.floor.card(6).stationId();
    await start(home, 6);
    await home.reload();
    await home.floor.card(6).shows('playing');

    await shop.start();
    await hearsShop(home);
    await together(till);
    const [owner] = (await till.api.staff()).filter(({ role }) => role === 'owner');
    expect(await liveOn(till, station_id)).toMatchObject([{ started_by: owner.staff_id }]);
    // They are still in at the standby, and what they do there is at the shop at once.
    await home.floor.card(6).press(words.pause);
    await till.go();
    await till.floor.card(6).shows('paused');
});

test('whom the shop has put out is not let in by the standby', async ({ till, another, shop, standby, noise }) => {
    noise.expect(AWAY, /ERR_INTERNET_DISCONNECTED/, /status of 401/);
    const { words } = till;
    await pair(till, standby);
    const phone = await another({ viewport: PHONE });
    await phone.enter('cashier');
    await prepared(phone, standby);
    // The phone hears nothing of it.
    await phone.page.context().setOffline(true);
    await phone.linked('offline');
    const [cashier] = (await till.api.staff()).filter(({ role }) => role === 'cashier');
    const put_out = { staff_id: cashier.staff_id, status: 'suspended', reason: 'left the shop' };
    const { outcomes } = await till.api.push([{ staff_status_set: put_out }]);
    expect(outcomes).toMatchObject([{ outcome: 'applied' }]);
    await together(till);
    await shop.kill9();
    const isRefused = (answer: Response) => answer.url().startsWith(standby.url) && answer.status() === 401;
    const answer = phone.page.waitForResponse(isRefused, { timeout: 30_000 });
    await phone.page.context().setOffline(false);
    await answer;
    await start(phone, 6);
    await expect(phone.page.locator('.badge [role=status]')).toContainText(`1 ${words.waiting}`);
    await expect(phone.page.locator('.badge')).not.toHaveAttribute('data-link', 'standby');
    const there = await another({ at: standby });
    await there.api.signIn('1111', 'owner');
    await there.go();
    await there.floor.card(6).shows('free');
});

test.describe('a device that was there before the shop had a standby', () => {
    test('goes on at it with a page that nobody looked at for a while', async ({ till, another, shop, standby, noise }) => {
        noise.expect(AWAY);
        const phone = await another({ viewport: PHONE });
        await phone.enter('cashier');
        await pair(till, standby);
        await prepared(phone, standby);
        // Its page was drawn when there was no standby to ask; it is drawn anew while nobody looks.
        const drawn = await loadedAt(phone.page);
        await phone.page.evaluate(() => Object.defineProperty(document, 'hidden', { get: () => true }));
        await expect.poll(() => loadedAt(phone.page).catch(() => drawn), { timeout: 40_000 }).not.toBe(drawn);
        await phone.linked('live');
        await shop.kill9();
        await goesOn(phone);
        await start(phone, 6);
    });

    test('opens its app without the shop, and reaches the standby', async ({ till, another, shop, standby, noise }) => {
        noise.expect(AWAY, /error occurred when fetching the script/);
        const phone = await another({ viewport: PHONE });
        await phone.enter('cashier');
        await phone.ready();
        await pair(till, standby);
        await prepared(phone, standby);
        await phone.reload();
        await phone.ready();
        // The browser takes the worker of the page's second opening in its own time.
        await expect
            .poll(() => phone.page.evaluate(async () => (await caches.match('/shell'))?.headers.get('content-security-policy') ?? ''), { timeout: 20_000 })
            .toContain(standby.url);
        await shop.kill9();
        await phone.go();
        await goesOn(phone);
        await start(phone, 6);
    });
});

for (const language of ['ar', 'en'] as const) {
    for (const theme of ['dark', 'light'] as const) {
        test.describe(`in ${language}, ${theme}`, () => {
            test.use({ language, theme });

            test('the pages of both servers are accessible and fit a phone', async ({ till, another, standby, noise }) => {
                noise.expect(AWAY);
                const wrong: string[] = [];
                const { words, page } = till;
                const there = await another({ at: standby });
                await there.go();
                await look(there, 'standby-waits', wrong);
                await till.enter('owner', '/standby');
                const desk = new StandbyPage(till);
                await desk.says(words.no_standby);
                await desk.drawKey();
                await look(till, 'standby-none', wrong);
                await desk.set(standby.url, KEY);
                await desk.says(words.line_up);
                await expect(page.locator('.toast')).toHaveCount(0, { timeout: 10_000 });
                await look(till, 'standby-connected', wrong);
                await there.api.signIn('1111', 'owner');
                await there.go('/standby');
                await new StandbyPage(there).says(words.line_up);
                await look(there, 'standby-itself', wrong);
                await standby.kill9();
                await desk.says(words.line_down);
                await look(till, 'standby-down', wrong);
                expect(wrong).toEqual([]);
            });
        });
    }
}

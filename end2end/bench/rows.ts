import { Eyes, onDisk, onScreen, openOffline, play, pressPause, ready } from '../pages/eyes';
import { round, sale, type Item, type Station } from '../pages/ops';
import { median, row, spread } from '../pages/table';
import { AWAY, expect, test, type Till } from '../pages/test';

test.use({ flags: ['--demo'] });

const N_SALES = 8_000;
const N_ROUNDS = 2_000;
const BATCH_OPS = 99; // whole rounds
const N_OPENINGS = 3;
const N_SNAPSHOTS = 10;
const N_TAPS = 40;
const DAY_MS = 86_400_000;

/** Fills the two days that a device holds. */
async function fill({ api }: Till): Promise<void> {
    const items = await api.table<Item>('item');
    const sessions = await api.table<{ station_id: string; ended?: object }>('session');
    const busy = new Set(sessions.filter(({ ended }) => !ended).map(({ station_id }) => station_id));
    const free = (await api.table<Station>('station')).filter(({ station_id, maintenance }) => !busy.has(station_id) && !maintenance);
    const sales = Array.from({ length: N_SALES }, (_, n) => sale(items[n % items.length]));
    const rounds = Array.from({ length: N_ROUNDS }, (_, n) => round(free[n % free.length], items[n % items.length]));
    const bodies = [...sales, ...rounds.flat()];
    let at = Date.now() - 1.5 * DAY_MS;
    const step = DAY_MS / bodies.length;
    for (let n = 0; n < bodies.length; n += BATCH_OPS) {
        const { outcomes } = await api.push(bodies.slice(n, n + BATCH_OPS), (op) => (op.captured_at = Math.floor((at += step))));
        expect(outcomes.filter(({ outcome }) => outcome !== 'applied')).toEqual([]);
    }
}

test('the first pull of a device that must hold much', async ({ till, another, shop, noise }) => {
    noise.expect(AWAY);
    await till.api.signIn('1111', 'owner');
    await fill(till);
    const rows = await till.api.rows();
    const tables = new Set(rows.map(({ table }) => table)).size;
    const what = `${rows.length} rows in ${tables} tables`;

    const asked: number[] = [];
    let n_bytes = 0;
    const { cookies } = await till.page.context().storageState();
    const headers = { 'content-type': 'application/json', cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
    for (let n = 0; n < N_SNAPSHOTS; n++) {
        const began = performance.now();
        const answer = await fetch(`${shop.url}/api/open_page`, { method: 'POST', headers, body: '{}' });
        n_bytes = (await answer.text()).length;
        asked.push(performance.now() - began);
        expect(answer.status).toBe(200);
    }

    const [usable, live, kept]: [number[], number[], number[]] = [[], [], []];
    let device = till;
    let eyes: Eyes | undefined;
    for (let n = 0; n < N_OPENINGS; n++) {
        await device.page.close();
        device = await another();
        eyes = await Eyes.open(device.page);
        await device.page.addInitScript(() => {
            const live = { selector: '.badge', attribute: 'data-link', value: 'live' };
            addEventListener('DOMContentLoaded', () => window.eyes.watch(live));
        });
        await device.api.signIn('3333', 'cashier');
        await device.go();
        const began = await device.page.evaluate(() => performance.timeOrigin);
        usable.push(await eyes.usable());
        live.push((await eyes.seen()).shown_at - began);
        kept.push((await ready(device)) - began);
    }
    row(`first page of a device, ${what} -> live`, median(live), '< 3 s (10,000 rows / 30 tables)');
    row('  -> usable floor', median(usable));
    row('  -> kept on the disk', median(kept));
    row('  the snapshot alone', `${spread(asked)}, ${(n_bytes / 1e6).toFixed(1)} MB`);

    const { seen } = await pressPause(device, eyes!, await play(device, 6), N_TAPS);
    row('  tap -> on screen (pause)', spread(onScreen(seen)), 'same frame (16 ms)');
    row('  tap -> durable (pause)', spread(onDisk(seen)));

    await shop.kill9();
    const context = device.page.context();
    await device.page.close();
    const started: number[] = [];
    for (let n = 0; n < N_OPENINGS; n++) started.push(await openOffline(context));
    row('  cold offline start -> usable floor', median(started));
    await shop.start();
});

import { newId, type Api, type Session, type Staff } from '../pages/api';
import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

const HUGE = 9_007_199_254_740_991;
const id = newId();
const name = { ar: 'شاي', en: 'Tea' };

/** A well-formed call of every server function that wants somebody to be signed in. */
const calls: Record<string, object> = {
    push: { batch: { device_id: id, incarnation: id, ops: [] } },
    pull: { ask: { since: { epoch: { counter: 1, nonce: 1 }, cursor: 0, chain: '0'.repeat(64) }, device_id: newId() } },
    take_part: { ask: {} },
    past_days: {},
    past_day: { day: 20_000 },
    sign_out: {},
    set_secret: { staff_id: id, kind: 'pin', proof: '1234' },
    set_zone: { name: 'Africa/Cairo' },
    zone_names: {},
    history: { filter: {} },
    bill: { session_id: id },
};

/** What cannot be read, for every server function that takes something. */
const unreadable: [string, unknown][] = [
    ['push', {}],
    ['push', { batch: { device_id: 'x', incarnation: id, ops: [] } }],
    ['push', { batch: { device_id: id, incarnation: id, ops: [{ op_id: id, device_seq: -1, bytes: '' }] } }],
    ['push', { batch: { device_id: id, incarnation: id, ops: [{ op_id: id, device_seq: 1, bytes: {} }] } }],
    ['push', { batch: { device_id: id, incarnation: id, ops: Array(101).fill({ op_id: id, device_seq: 1, bytes: '' }) } }],
    ['pull', { ask: { since: { epoch: { counter: 1, nonce: 1 }, cursor: 0, chain: 'short' }, device_id: newId() } }],
    ['pull', { ask: { since: { epoch: { counter: 1, nonce: 1 }, cursor: -1, chain: '0'.repeat(64) }, device_id: newId() } }],
    ['history', { filter: { from: 'yesterday' } }],
    ['history', { filter: { from: 1e20 } }],
    ['history', { filter: { before: '1' } }],
    ['bill', { session_id: 7 }],
    ['bill', []],
    ['set_zone', { name: 7 }],
    ['set_secret', { staff_id: id, kind: 'fingerprint', proof: '1234' }],
    ['sign_in', { staff_id: id, kind: 'pin' }],
    ['sign_in', 'staff_id=1'],
    ['first_run', { shop_name: 'x', owner_name: 'x', password: 12345678, language: 'arabic' }],
];

async function expectNothingWritten(api: Api, act: () => Promise<void>): Promise<void> {
    // What is refused leaves word for somebody to look at, and the demo's guests come and go: no changes of the shop.
    const shop = async () => (await api.rows()).filter(({ table }) => !['review', 'voucher'].includes(table));
    const before = await shop();
    await act();
    expect(await shop()).toEqual(before);
}

async function stationNamed(api: Api, en: string): Promise<string> {
    const stations = await api.table<{ station_id: string; name: { en: string } }>('station');
    return stations.find((station) => station.name.en === en)?.station_id ?? '';
}

async function settledSession(api: Api): Promise<Session> {
    const sessions = await api.table<Session>('session');
    return sessions.find((session) => session.settlement && !session.moved_out) as Session;
}

test('nobody who is not signed in is answered', async ({ till, shop }) => {
    for (const [name, args] of Object.entries(calls)) {
        const answer = await till.api.send(name, args);
        expect([name, answer.status(), await answer.json()]).toEqual([name, 401, 'not_signed_in']);
    }
    expect((await till.page.request.get(`${shop.url}/api/feed`)).status()).toBe(401);
    expect(await till.api.boot()).not.toHaveProperty('open');
});

test('another site cannot make a browser change anything', async ({ till }) => {
    await till.api.signIn('1111', 'owner');
    await expectNothingWritten(till.api, async () => {
        for (const [name, args] of Object.entries({ ...calls, sign_in: {}, first_run: {}, open_demo: {} })) {
            for (const from of [
                { origin: 'https://evil.example' },
                { origin: 'null' },
                { 'sec-fetch-site': 'cross-site' },
                { 'sec-fetch-site': 'same-site' },
            ]) {
                expect([name, (await till.api.send(name, args, from)).status()]).toEqual([name, 403]);
            }
        }
    });
});

test('what cannot be read is a bad request', async ({ till }) => {
    await till.api.signIn('1111', 'owner');
    await expectNothingWritten(till.api, async () => {
        for (const [name, args] of unreadable) {
            const answer = await till.api.send(name, args);
            const said = `${name} ${JSON.stringify(args).slice(0, 80)}`;
            expect.soft([said, answer.status(), await answer.json()]).toEqual([said, 400, 'bad_request']);
        }
        const tooLong = { batch: { device_id: id, incarnation: id, ops: [{ op_id: id, device_seq: 1, bytes: 'x'.repeat(1_100_000) }] } };
        expect((await till.api.send('push', tooLong)).status()).toBe(413);
    });
});

test('what is out of range or unknown is refused by name', async ({ till }) => {
    const { api } = till;
    await api.signIn('1111', 'owner');
    const me = (await api.staff()).find(({ role }) => role === 'owner') as Staff;
    const long = 'x'.repeat(5_000);
    const refusals: [string, object, number, unknown][] = [
        ['bill', { session_id: id }, 404, 'not_found'],
        ['set_zone', { name: 'Mars/Olympus' }, 422, 'unknown_zone'],
        ['set_zone', { name: long }, 422, 'unknown_zone'],
        ['set_zone', { name: '../../etc/passwd' }, 422, 'unknown_zone'],
        ['set_secret', { staff_id: id, kind: 'pin', proof: '1234' }, 422, { refused: 'unknown_staff' }],
        ['set_secret', { staff_id: me.staff_id, kind: 'pin', proof: '12345678' }, 422, 'bad_pin'],
        ['set_secret', { staff_id: me.staff_id, kind: 'pin', proof: 'abcd' }, 422, 'bad_pin'],
        ['set_secret', { staff_id: me.staff_id, kind: 'password', proof: 'short' }, 422, 'short_password'],
        ['set_secret', { staff_id: me.staff_id, kind: 'password', proof: null }, 422, 'short_password'],
        ['first_run', { shop_name: long, owner_name: 'x', password: 'long enough', language: 'arabic' }, 422, { refused: 'text_too_long' }],
        ['first_run', { shop_name: 'x', owner_name: 'x', password: 'long enough', language: 'arabic' }, 409, 'not_new'],
        ['open_demo', {}, 409, 'not_new'],
    ];
    await expectNothingWritten(api, async () => {
        for (const [name, args, status, error] of refusals) {
            const answer = await api.send(name, args);
            expect.soft([name, answer.status(), await answer.json()]).toEqual([name, status, error]);
        }
        for (const filter of [{ from: 2_147_483_647, to: 2_147_483_647 }, { from: -2_147_483_648, to: -2_147_483_648 }, { before: [-HUGE, id] }]) {
            expect(await api.call('history', { filter })).toMatchObject({ sessions: [], has_more: false });
        }
    });
});

test('an operation that breaks a rule is refused by its reason, and changes nothing', async ({ till }) => {
    const { api } = till;
    await api.signIn('1111', 'owner');
    const [free, other] = [await stationNamed(api, 'PS 6'), await stationNamed(api, 'PS 1')];
    const { session_id } = await api.liveOn(other);
    const settled = await settledSession(api);
    const rates = { single: 2_000, multi: 4_000 };
    const start = (more: object) => ({
        session_started: { session_id: newId(), station_id: free, mode: 'single', rates, ...more },
    });
    const line = (more: object) => ({
        line_added: { session_id, line_id: newId(), item_id: id, name, unit_price: 500, quantity: 1, ...more },
    });
    const extra = (more: object) => ({
        extra_added: { session_id, extra_id: newId(), amount: 100, reason: 'x', ...more },
    });
    const pay = (more: object) => ({
        payment_taken: { session_id, payment_id: newId(), method: 'cash', amount: 100, ...more },
    });
    const sold = { item_id: id, name, unit_price: 500, quantity: 2 };
    const sale = (more: object) => ({
        sale_recorded: {
            sale_id: newId(),
            lines: [sold],
            payments: [{ payment_id: newId(), method: 'cash', amount: 1_000 }],
            total: 1_000,
            ...more,
        },
    });
    const refused: [object, string][] = [
        [start({ started_at: Date.now() + 3_600_000 }), 'start_in_future'],
        [start({ started_at: Date.now() - 8 * 86_400_000 }), 'start_too_early'],
        [start({ started_at: -HUGE }), 'start_too_early'],
        [start({ started_at: HUGE }), 'start_in_future'],
        [start({ timer_minutes: 0 }), 'out_of_range'],
        [start({ timer_minutes: 2_147_483_647 }), 'out_of_range'],
        [start({ cost_limit: -5 }), 'bad_amount'],
        [start({ rates: { single: -1, multi: null } }), 'bad_amount'],
        [start({ rates: { single: 2_000, multi: HUGE } }), 'bad_amount'],
        [start({ station_id: id }), 'unknown_station'],
        [start({ session_id }), 'exists'],
        [start({ mode: 'triple' }), 'unreadable'],
        [start({ rates: { single: 12.5, multi: null } }), 'unreadable'],
        [start({ timer_minutes: 2_147_483_648 }), 'unreadable'],
        [{ session_paused: { session_id: id } }, 'unknown_session'],
        [{ start_edited: { session_id, started_at: Date.now() + 60_000 } }, 'start_in_future'],
        [{ end_edited: { session_id, ended_at: Date.now() } }, 'not_ended'],
        [{ mode_set: { session_id, mode: 'multi', rate: -1 } }, 'bad_amount'],
        [{ cost_limit_set: { session_id, limit: 0 } }, 'bad_amount'],
        [line({ quantity: 0 }), 'bad_quantity'],
        [line({ quantity: 100 }), 'bad_quantity'],
        [line({ unit_price: -1 }), 'bad_amount'],
        [line({ unit_price: 10_000_001 }), 'bad_amount'],
        [line({ name: { ar: 'x'.repeat(81) } }), 'text_too_long'],
        [line({ name: { ar: '  ' } }), 'text_missing'],
        [line({ name: { ar: 'x\u0000y' } }), 'text_unclear'],
        [{ line_quantity_changed: { session_id, line_id: id, by: 1 } }, 'unknown_line'],
        [{ line_quantity_changed: { session_id, line_id: id, by: 0 } }, 'bad_quantity'],
        [extra({ amount: 0 }), 'bad_amount'],
        [extra({ amount: -100 }), 'bad_amount'],
        [extra({ amount: HUGE }), 'bad_amount'],
        [extra({ reason: 'x'.repeat(501) }), 'text_too_long'],
        [extra({ amount: '100' }), 'unreadable'],
        [{ bill_transferred: { from: session_id, to: session_id, with_orders: true } }, 'same_place'],
        [{ bill_transferred: { from: session_id, to: id, with_orders: true } }, 'unknown_session'],
        [{ session_moved: { session_id, station_id: id, rates: null } }, 'unknown_station'],
        [{ session_moved: { session_id, station_id: other, rates: null } }, 'same_place'],
        [{ session_ended: { session_id, choice: { custom: { amount: -1 } }, told: 0 } }, 'bad_amount'],
        [{ session_ended: { session_id, choice: 'exact', told: -HUGE } }, 'bad_amount'],
        [{ bill_settled: { session_id, choice: 'exact', told: 0 } }, 'not_ended'],
        [pay({ amount: 0 }), 'bad_amount'],
        [pay({ amount: -100 }), 'bad_amount'],
        [pay({ tendered: HUGE }), 'bad_amount'],
        [pay({ method: 'shells' }), 'unreadable'],
        [{ payment_voided: { session_id, payment_id: id, reason: 'x' } }, 'unknown_payment'],
        [{ payment_voided: { session_id, payment_id: id, reason: '' } }, 'text_missing'],
        [{ bill_reopened: { session_id, reason: 'x', is_continued: false } }, 'not_settled'],
        [{ start_edited: { session_id: settled.session_id, started_at: Date.now() } }, 'settled'],
        [sale({ lines: [] }), 'too_many'],
        [sale({ total: 999 }), 'sum_differs'],
        [sale({ lines: [{ ...sold, quantity: -2 }] }), 'bad_quantity'],
        [{ sale_voided: { sale_id: id, reason: 'x' } }, 'unknown_sale'],
        [{ station_edited: { station_id: free, changes: [] } }, 'too_many'],
        [{ station_edited: { station_id: free, changes: [{ name: { ar: '' } }] } }, 'text_missing'],
        [{ item_edited: { item_id: id, changes: [{ price: -5 }] } }, 'bad_amount'],
        [{ shop_edited: { changes: [{ day_start_hour: 24 }] } }, 'out_of_range'],
        [{ shop_edited: { changes: [{ timer_presets: [0] }] } }, 'out_of_range'],
        [{ shop_edited: { changes: [{ rounding_step: -1 }] } }, 'out_of_range'],
        [{ staff_edited: { staff_id: id, changes: [{ name: ' ' }] } }, 'text_missing'],
        [{ staff_secret_set: { staff_id: id, kind: 'pin', verifier: 'x' } }, 'not_allowed'],
        [{ shop_burnt: {} }, 'unreadable'],
    ];
    await expectNothingWritten(api, async () => {
        for (const [body, reason] of refused) {
            const { outcomes } = await api.push([body]);
            const said = JSON.stringify(body).slice(0, 140);
            expect.soft([said, outcomes[0]?.outcome]).toEqual([said, { rejected: reason }]);
        }
    });
});

test('an operation with a false envelope is refused', async ({ till }) => {
    const { api } = till;
    await api.signIn('3333', 'cashier');
    const { session_id } = await api.liveOn(await stationNamed(api, 'PS 1'));
    const pause = { session_paused: { session_id } };
    await expectNothingWritten(api, async () => {
        const forged = await api.push([pause], (op) => (op.login_id = newId()));
        expect(forged.outcomes[0].outcome).toEqual({ rejected: 'not_allowed' });
        const newer = await api.push([pause], (op) => (op.schema = 99));
        expect(newer.outcomes[0].outcome).toEqual({ rejected: 'unreadable' });
        const batch = await api.batch([pause]);
        batch.batch.ops[0].op_id = newId();
        const renamed = await api.call<typeof newer>('push', batch);
        expect(renamed.outcomes[0].outcome).toEqual({ rejected: 'unreadable' });
    });
    const gap = await api.push([pause], (op) => (op.device_seq = 99));
    expect(gap.outcomes).toEqual([]);
});

test('an operation from long before or after now does not bend time', async ({ till }) => {
    const { api } = till;
    await api.signIn('3333', 'cashier');
    const free = await stationNamed(api, 'PS 6');
    const start = {
        session_started: { session_id: newId(), station_id: free, mode: 'single', rates: { single: 2_000, multi: null } },
    };
    // A clock is never a reason to refuse: the time of receipt is taken, and somebody is told.
    const { outcomes } = await api.push([start], (op) => (op.captured_at = 0));
    expect(outcomes[0].outcome).toEqual({ review: 'clock_off' });
    const sessions = await api.table<Session>('session');
    expect(sessions.filter(({ started_at }) => started_at < Date.now() - 31 * 86_400_000)).toEqual([]);
});

test('what was pushed twice counts once, and one id is one operation', async ({ till }) => {
    const { api } = till;
    await api.signIn('3333', 'cashier');
    const { session_id } = await api.liveOn(await stationNamed(api, 'PS 1'));
    const args = await api.batch([{ extra_added: { session_id, extra_id: newId(), amount: 700, reason: 'x' } }]);
    await api.call('push', args);
    const once = await api.rows();
    await api.call('push', args);
    expect(await api.rows()).toEqual(once);

    const op = JSON.parse(args.batch.ops[0].bytes) as Record<string, unknown>;
    const other = { ...op, device_seq: 2, body: { session_paused: { session_id } } };
    args.batch.ops = [{ op_id: op.op_id, device_seq: 2, bytes: JSON.stringify(other) }];
    await api.call('push', args);
    const known = new Set(once.map((row) => JSON.stringify(row)));
    const news = (await api.rows()).filter((row) => !known.has(JSON.stringify(row)));
    expect(news).toMatchObject([{ table: 'review', row: { reason: 'id_reused', subject: session_id } }]);
});

test('a cashier is refused what is for managers and owners', async ({ till }) => {
    const { api } = till;
    await api.signIn('3333', 'cashier');
    const staff = await api.staff();
    const owner = staff.find(({ role }) => role === 'owner') as Staff;
    const cashier = staff.find(({ role }) => role === 'cashier') as Staff;
    const settled = await settledSession(api);
    const bodies = [
        { station_edited: { station_id: newId(), changes: [{ name }] } },
        { category_edited: { category_id: newId(), changes: [{ name }] } },
        { item_edited: { item_id: newId(), changes: [{ price: 1 }] } },
        { shop_edited: { changes: [{ name: 'Mine' }] } },
        { staff_edited: { staff_id: cashier.staff_id, changes: [{ role: 'owner' }] } },
        { staff_edited: { staff_id: newId(), changes: [{ name: 'Friend' }, { role: 'owner' }] } },
        { bill_reopened: { session_id: settled.session_id, reason: 'x', is_continued: false } },
        { payment_voided: { session_id: settled.session_id, payment_id: settled.payments?.[0].payment_id, reason: 'x' } },
        { end_edited: { session_id: settled.session_id, ended_at: Date.now() } },
        { sale_voided: { sale_id: newId(), reason: 'x' } },
    ];
    await expectNothingWritten(api, async () => {
        for (const body of bodies) {
            const { outcomes } = await api.push([body]);
            expect([body, outcomes[0].outcome]).toEqual([body, { rejected: 'not_allowed' }]);
        }
        for (const [name, args] of [
            ['set_zone', { name: 'Europe/Paris' }],
            ['set_secret', { staff_id: owner.staff_id, kind: 'pin', proof: '0000' }],
        ] as const) {
            const answer = await api.send(name, args);
            expect([answer.status(), await answer.json()]).toEqual([403, 'not_allowed']);
        }
    });
});

test('a refusal is shown in the language of who tried', async ({ till, another }) => {
    const theirs = await another({ language: 'ar' });
    await theirs.enter('owner', '/settings');
    await theirs.field(theirs.words.timer_presets).fill('0 30');
    await theirs.page.locator('.card').last().getByRole('button', { name: theirs.words.save }).click();
    await expect(theirs.toasts).toContainText(theirs.words.out_of_range);
    await till.enter('owner', '/settings');
    await till.field(till.words.timer_presets).fill('0 30');
    await till.page.locator('.card').last().getByRole('button', { name: till.words.save }).click();
    await expect(till.toasts).toContainText(till.words.out_of_range);
});

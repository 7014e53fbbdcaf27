import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../pages/api';
import { Eyes, onDisk, onScreen, play, pressPause, ready, type Seen } from '../pages/eyes';
import { Sale } from '../pages/sale';
import { median, row, spread } from '../pages/table';
import { AWAY, expect, test, Till } from '../pages/test';

test.use({ flags: ['--demo'] });

const N_WAITING = 2_000;
const N_REPLAYS = 3;
const N_TAPS = 20;

type Head = { last: number };
type Entry = { wire: { op_id: string; device_seq: number; bytes: string } };

/**
 * Records a sale again and again: what stands in the outbox afterwards is what as many taps would have left there, but
 * it takes one transaction. The page must be opened anew to see it.
 */
async function sellAgain(till: Till, n_sales: number): Promise<void> {
    const [head, last] = await till.page.evaluate(async () => {
        const get = (store: IDBObjectStore, key: string) =>
            new Promise<string>((done) => {
                const request = store.get(key);
                request.onsuccess = () => done(request.result);
            });
        const database = await new Promise<IDBDatabase>((done) => {
            const request = indexedDB.open('mikrodash-outbox');
            request.onsuccess = () => done(request.result);
        });
        const transaction = database.transaction(['ops', 'meta']);
        const head = await get(transaction.objectStore('meta'), 'head');
        const key = String(JSON.parse(head).last).padStart(16, '0');
        return [head, await get(transaction.objectStore('ops'), key)];
    });
    const journal = JSON.parse(head) as Head;
    const entry = JSON.parse(last) as Entry;
    const op = JSON.parse(entry.wire.bytes);
    const { sale_recorded } = op.body;
    const entries = Array.from({ length: n_sales }, () => {
        const [op_id, device_seq] = [newId(), ++journal.last];
        const payments = sale_recorded.payments.map((payment: object) => ({ ...payment, payment_id: newId() }));
        const body = { sale_recorded: { ...sale_recorded, sale_id: newId(), payments } };
        const wire = { op_id, device_seq, bytes: JSON.stringify({ ...op, op_id, device_seq, body }) };
        return [String(device_seq).padStart(16, '0'), JSON.stringify({ ...entry, wire })];
    });
    await till.page.evaluate(
        async ([entries, head]) => {
            const database = await new Promise<IDBDatabase>((done) => {
                const request = indexedDB.open('mikrodash-outbox');
                request.onsuccess = () => done(request.result);
            });
            const transaction = database.transaction(['ops', 'meta'], 'readwrite', { durability: 'strict' });
            for (const [key, text] of entries) transaction.objectStore('ops').put(text, key);
            transaction.objectStore('meta').put(head, 'head');
            await new Promise((done, fail) => {
                transaction.oncomplete = done;
                transaction.onabort = fail;
            });
        },
        [entries, JSON.stringify(journal)] as const,
    );
}

test('a long outage is sent', async ({ another, shop, noise }) => {
    noise.expect(AWAY);
    const [stored, said, took, n_pushes]: [number[], number[], number[], number[]] = [[], [], [], []];
    let tapped: Seen[] = [];
    for (let n = 0; n < N_REPLAYS; n++) {
        // A device of its own: what it has sent stays in its outbox for a week.
        const till = await another();
        const { page, words } = till;
        const waiting = page.locator('.badge [role=status]');
        await till.enter('cashier');
        await ready(till);
        const seq = await till.api.seq();
        await shop.kill9();
        await till.go('/sale');
        const sale = new Sale(page, words);
        await sale.add('Tea');
        await sale.sell();
        await expect(waiting).toContainText(`1 ${words.waiting}`);
        await sellAgain(till, N_WAITING - 1);
        const eyes = await Eyes.open(page);
        await till.go();
        await expect(waiting).toContainText(words.waiting);
        let pushes = 0;
        page.on('request', (request) => (pushes += Number(request.url().endsWith('/api/push'))));
        await shop.start();

        await eyes.watch({ selector: '.badge', attribute: 'data-link', value: 'live' });
        const began = await page.evaluate(() => {
            dispatchEvent(new Event('online'));
            return performance.timeOrigin + performance.now();
        });
        while ((await till.api.seq()) < seq + N_WAITING) await sleep(100);
        stored.push(await page.evaluate((began) => performance.timeOrigin + performance.now() - began, began));
        said.push((await eyes.seen()).shown_at - began);
        took.push((await eyes.rest()) - began);
        n_pushes.push(pushes);
        expect(await till.api.seq()).toBe(seq + N_WAITING);
        if (n === N_REPLAYS - 1) {
            tapped = (await pressPause(till, eyes, await play(till, 6), N_TAPS)).seen;
        }
        await page.close();
    }
    row(`replay of ${N_WAITING} queued operations: the server has them`, median(stored));
    row('  the badge says so for the first time', median(said));
    row('  the queue is empty for good', median(took), '< 1 s');
    row(`  pushes (${N_WAITING / 100} hold them all)`, n_pushes.join(', '));
    row(`tap -> on screen, ${N_WAITING} sent operations in the outbox`, spread(onScreen(tapped)), 'same frame (16 ms)');
    row('  tap -> durable', spread(onDisk(tapped)));
});

import { request } from '@playwright/test';
import { Api, type Push } from '../pages/api';
import { sale, type Item } from '../pages/ops';
import type { Server } from '../pages/server';
import { ms, row, spread } from '../pages/table';
import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

const N_DEVICES = 50;
const N_OPS = 200;
const BATCH_OPS = 100;

type Device = { cookie: string; batches: string[]; sale_ids: string[] };

/** Signs a device in and writes its journal, so that nothing but sending is left to do. */
async function prepare(shop: Server, item: Item): Promise<Device> {
    const requests = await request.newContext({ baseURL: shop.url });
    const api = new Api(requests);
    await api.signIn('3333', 'cashier');
    const sales = Array.from({ length: N_OPS }, () => sale(item));
    const batches: string[] = [];
    for (let n = 0; n < N_OPS; n += BATCH_OPS) batches.push(JSON.stringify(await api.batch(sales.slice(n, n + BATCH_OPS))));
    const { cookies } = await requests.storageState();
    await requests.dispose();
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    return { cookie, batches, sale_ids: sales.map((body) => body.sale_recorded.sale_id) };
}

test('all devices come back at once', async ({ till, shop }) => {
    await till.api.signIn('1111', 'owner');
    const item = (await till.api.table<Item>('item'))[0];
    const n_sales = (await till.api.table('sale')).length;
    const devices: Device[] = [];
    for (let n = 0; n < N_DEVICES; n++) devices.push(await prepare(shop, item));
    const seq = await till.api.seq();

    const answered: number[] = [];
    const replies: Push[] = [];
    const send = async ({ cookie, batches }: Device) => {
        for (const body of batches) {
            const sent = performance.now();
            const headers = { 'content-type': 'application/json', cookie };
            const answer = await fetch(`${shop.url}/api/push`, { method: 'POST', headers, body });
            expect(answer.status).toBe(200);
            replies.push((await answer.json()) as Push);
            answered.push(performance.now() - sent);
        }
    };
    const began = performance.now();
    await Promise.all(devices.map(send));
    const took = performance.now() - began;

    const n_ops = N_DEVICES * N_OPS;
    const outcomes = replies.flatMap((reply) => reply.outcomes);
    expect(outcomes.filter(({ outcome }) => outcome !== 'applied')).toEqual([]);
    expect(new Set(outcomes.map(({ seq }) => seq)).size).toBe(n_ops);
    expect(await till.api.seq()).toBe(seq + n_ops);
    const stored = (await till.api.table<{ sale_id: string }>('sale')).map(({ sale_id }) => sale_id);
    expect(stored).toHaveLength(n_sales + n_ops);
    const missing = new Set(devices.flatMap(({ sale_ids }) => sale_ids));
    stored.forEach((sale_id) => missing.delete(sale_id));
    expect(missing.size).toBe(0);
    row(`${N_DEVICES} devices x ${N_OPS} operations at once, all stored once`, ms(took), '< 5 s');
    row('  a second', `${Math.round((n_ops / took) * 1_000)} operations`, '>= 5,000 batched');
    row(`  answer to a push of ${BATCH_OPS}`, spread(answered));
});

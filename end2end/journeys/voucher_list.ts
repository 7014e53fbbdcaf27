// All vouchers: found by whatever is known of one, and changed one at a time or many.

import { expect, test } from '../pages/router';
import { addPackage, connect, makeVouchers, users } from '../pages/vouchers';

test.use({ flags: ['--demo'] });

test('what is found is picked across pages, extended at the router and taken back', async ({ till, router }) => {
    test.setTimeout(60_000);
    const { words, page } = till;
    await till.enter('owner', '/vouchers');
    await connect(till, router);
    await addPackage(till, 'Night', '5');
    const batch = await makeVouchers(till, '70', 'Seventy');
    await expect(batch.locator('.chip')).toHaveText(words.on_gateway);
    await page.getByRole('link', { name: words.all_vouchers }).click();
    await till.field(words.search).fill('sevent');
    await till.field(words.search).press('Enter');
    const rows = page.locator('main tbody tr');
    await expect(page.locator('.strip')).toContainText('70');
    await expect(rows).toHaveCount(50);
    await rows.first().getByRole('checkbox').check();
    const bar = page.getByRole('region', { name: words.pick });
    await expect(bar).toContainText(words.n_picked.replace('{n}', '1'));
    await bar.getByRole('button', { name: words.pick_all }).click();
    await expect(bar).toContainText(words.n_picked.replace('{n}', '70'));
    await bar.getByRole('button', { name: words.give_more }).click();
    await till.dialog.getByLabel(words.more_hours).fill('2');
    await till.dialog.getByRole('button', { name: words.add }).click();
    await till.told(words.n_changed.replace('{n}', '70'));
    await expect
        .poll(async () => new Set((await users(router)).map((user) => user['limit-uptime'])))
        .toEqual(new Set(['1d2h']));

    await page.getByRole('link', { name: words.older }).click();
    await expect(rows).toHaveCount(20);
    const code = (await rows.last().locator('code').textContent()) ?? '';
    await rows.last().getByRole('button', { name: code }).click();
    await expect(till.dialog).toContainText(words.stage_made);
    await till.dialog.getByRole('button', { name: words.revoke }).click();
    await till.dialog.getByLabel(words.reason).fill('lost');
    await till.dialog.locator('form').getByRole('button', { name: words.revoke }).click();
    await expect.poll(async () => (await users(router)).map(({ name }) => name)).not.toContain(code);
    await expect(rows.last()).toContainText(words.stage_revoked);
});

test('a guest’s voucher is found by their phone, with its life, and is freed for another phone', async ({ till, router }) => {
    test.setTimeout(60_000);
    const { words, page } = till;
    await till.enter('owner', '/vouchers');
    await connect(till, router);
    await addPackage(till, 'Night', '5');
    const batch = await makeVouchers(till, '3', 'Three');
    await expect(batch.locator('.chip')).toHaveText(words.on_gateway);
    const [{ name: code }] = await users(router);
    const mac = '02:00:00:00:0A:01';
    expect(await router.logIn(code, mac)).toBeUndefined();
    await router.pass(5, 1_000_000);
    await expect(async () => {
        await till.go('/vouchers/all?text=0A:01&life=leak');
        await expect(page.locator('main tbody tr')).toHaveCount(1, { timeout: 500 });
    }).toPass({ timeout: 30_000 });
    await page.getByRole('button', { name: code }).click();
    await expect(till.dialog).toContainText(mac);
    await expect(till.dialog).toContainText(words.voucher_used);
    await till.dialog.getByRole('button', { name: words.new_phone }).click();
    await till.told(words.n_changed.replace('{n}', '1'));
    await expect.poll(() => router.items('/ip/hotspot/cookie')).toEqual([]);
    expect(await router.items('/ip/hotspot/active')).toEqual([]);
});

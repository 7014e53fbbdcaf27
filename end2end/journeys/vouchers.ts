import { expect, test } from '../pages/router';
import { AWAY } from '../pages/test';
import { addPackage, connect, makeVouchers, users } from '../pages/vouchers';

test.use({ flags: ['--demo'] });

test('vouchers are made before there is a router, and appear on it when there is', async ({ till, router }) => {
    const { words, page } = till;
    await till.enter('owner', '/vouchers');
    await connect(till, router, 1); // nobody listens there
    await addPackage(till, 'Day pass', '7.50');
    const row = page.getByRole('row').filter({ hasText: 'Day pass' });
    await expect(row).toContainText('500 MB');
    await expect(row).toContainText(`1 ${words.days_short}`);

    const batch = await makeVouchers(till, '30', 'Friday', 'Day pass');
    await expect(batch).toContainText(words.waits_for_gateway);
    await expect(page.locator('.notice')).toContainText(words.gateway_refused);
    expect(await users(router)).toHaveLength(0);

    await connect(till, router);
    await expect(batch.locator('.chip')).toHaveText(words.on_gateway);
    const made = await users(router);
    expect(made).toHaveLength(30);
    expect(made[0]).toMatchObject({ 'limit-uptime': '1d', 'limit-bytes-total': String(500 * 1024 * 1024) });

    await batch.getByRole('button').click();
    await expect(till.dialog.locator('.codes code')).toHaveCount(30);
    const codes = await till.dialog.locator('.codes code').allTextContents();
    expect([...codes].sort()).toEqual(made.map(({ name }) => name).sort());
});

test('a voucher is sold, and what is not sold is taken back from the router', async ({ till, router }) => {
    const { words, page } = till;
    await till.enter('owner', '/vouchers');
    await connect(till, router);
    await addPackage(till, 'Night', '5');
    const batch = await makeVouchers(till, '5', 'Five');
    await expect(batch.locator('.chip')).toHaveText(words.on_gateway);
    await batch.getByRole('button').click();
    const first = till.dialog.locator('.codes > li').first();
    const code = (await first.locator('code').textContent()) ?? '';
    await first.getByRole('button').click();
    await expect(first).toContainText(words.stage_sold);
    await till.button(words.revoke_unsold).click();
    await expect(till.button(words.revoke)).toBeDisabled();
    await till.dialog.getByLabel(words.revoke_reason).fill('wrong package');
    await till.button(words.revoke).click();
    await expect(till.dialog).toHaveCount(0);
    await expect
        .poll(async () => (await users(router)).map(({ name }) => name))
        .toEqual([code]);
    await batch.getByRole('button').click();
    await expect(till.dialog.locator('.chip').filter({ hasText: words.stage_revoked })).toHaveCount(4);
    await expect(page.locator('.codes > li').first()).toContainText(words.stage_sold);
});

test('a router that dies in the middle of a batch has all of it in the end, each once', async ({ till, router }) => {
    const { words } = till;
    await till.enter('owner', '/vouchers');
    await connect(till, router);
    await addPackage(till, 'Night', '5');
    await router.breaks('drop_after');
    const batch = await makeVouchers(till, '200', 'Crowd');
    await expect(batch).toContainText(words.waits_for_gateway);
    await expect(till.page.locator('.notice')).toContainText(words.gateway_cut);
    await router.breaks(null);
    await till.button(words.retry_now).click();
    await expect(batch.locator('.chip')).toHaveText(words.on_gateway);
    const names = (await users(router)).map(({ name }) => name);
    expect(new Set(names).size).toBe(200);
    expect(names).toHaveLength(200);
});

test('without the server a voucher is sold, and nothing is made', async ({ till, shop, router, noise }) => {
    noise.expect(AWAY);
    const { words, page } = till;
    await till.enter('owner', '/vouchers');
    await connect(till, router);
    await addPackage(till, 'Night', '5');
    const batch = await makeVouchers(till, '3', 'Three');
    await expect(batch.locator('.chip')).toHaveText(words.on_gateway);
    await batch.getByRole('button').click();
    await expect(till.dialog.locator('.codes > li')).toHaveCount(3);
    await till.ready();
    await shop.kill9();
    await till.linked('offline');
    await till.dialog.locator('.codes > li').nth(1).getByRole('button').click();
    await expect(till.dialog.locator('.codes > li').nth(1)).toContainText(words.stage_sold);
    await page.keyboard.press('Escape');
    await till.button(words.make_vouchers).click();
    await till.dialog.getByRole('button', { name: words.make_vouchers }).click();
    await expect(till.dialog.getByRole('alert')).toContainText(words.no_answer);
    await page.keyboard.press('Escape');
    await shop.start();
    await till.linked('live');
    await till.stored();
    await batch.getByRole('button').click();
    await expect(till.dialog.locator('.codes > li').nth(1)).toContainText(words.stage_sold);
});

test('a package whose vouchers are for sale stays, and a cashier makes none', async ({ till, another }) => {
    const { words, page } = till;
    await till.enter('owner', '/vouchers');
    await addPackage(till, 'Night', '5');
    await makeVouchers(till, '2', 'Two');
    await till.button(`${words.edit} Night`).click();
    await expect(till.dialog).toContainText(words.package_in_use);
    await expect(till.dialog).toContainText('Two (2)');
    await expect(till.dialog.getByRole('button', { name: words.remove })).toHaveCount(0);
    await page.keyboard.press('Escape');

    const theirs = await another();
    await theirs.enter('cashier', '/vouchers');
    await expect(theirs.page.getByRole('row').filter({ hasText: 'Two' })).toBeVisible();
    await expect(theirs.button(words.make_vouchers)).toHaveCount(0);
});

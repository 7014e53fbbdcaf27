import { expect, test } from '../pages/router';
import { addPackage, connect, makeVouchers, users } from '../pages/vouchers';

test.use({ flags: ['--demo'] });
test.describe.configure({ timeout: 180_000 });

const PHONE = '02:00:00:AA:BB:77';
/** The router is asked every ten seconds, and the page every five. */
const SEEN_MS = 25_000;

test('a guest is seen online, put out, and a voucher that is used up says so', async ({ till, router }) => {
    const { words, page } = till;
    await till.enter('owner', '/vouchers');
    await connect(till, router);
    await addPackage(till, 'Night', '5');
    const batch = await makeVouchers(till, '2', 'Pair');
    await expect(batch.locator('.chip')).toHaveText(words.on_gateway);
    const [code = '', other = ''] = (await users(router)).map(({ name }) => name);
    expect(await router.logIn('WRONG1', PHONE)).toContain('invalid username or password');
    expect(await router.logIn(code, PHONE)).toBeUndefined();
    await router.pass(30, 1024 * 1024);

    await till.go('/guests');
    const row = page.getByRole('row').filter({ hasText: PHONE });
    await expect(row).toContainText(code, { timeout: SEEN_MS });
    await expect(row).toContainText('Night');
    await expect(row).toContainText(/\d MB/);
    await row.getByRole('button', { name: words.put_out }).click();
    await till.told(words.was_put_out);
    await expect(row).toHaveCount(0, { timeout: SEEN_MS });
    expect(await router.items('/ip/hotspot/cookie')).toHaveLength(0);

    // It may come back with what is left, until its day is over.
    expect(await router.logIn(code, PHONE)).toBeUndefined();
    await router.pass(24 * 60);
    expect(await router.logIn(code, PHONE)).toContain('has reached uptime limit');
    await till.go('/vouchers');
    await batch.getByRole('button').click();
    const line = till.dialog.locator('.codes > li').filter({ hasText: code });
    await expect(line).toContainText(words.stage_time, { timeout: 75_000 });
    await expect(till.dialog.locator('.codes > li').filter({ hasText: other })).toContainText(words.stage_made);
});

test('while the router is away its guests are shown with their age', async ({ till, router }) => {
    const { words, page } = till;
    await till.enter('owner', '/vouchers');
    await connect(till, router);
    await addPackage(till, 'Night', '5');
    await makeVouchers(till, '1', 'Single');
    await expect.poll(async () => (await users(router)).length).toBe(1);
    expect(await router.logIn((await users(router))[0]?.name ?? '', PHONE)).toBeUndefined();
    await till.go('/guests');
    const row = page.getByRole('row').filter({ hasText: PHONE });
    await expect(row).toBeVisible({ timeout: SEEN_MS });
    await router.close();
    await expect(page.locator('.notice')).toContainText(words.gateway_refused, { timeout: SEEN_MS });
    await expect(page.locator('.notice')).toContainText(words.as_of);
    await expect(row).toBeVisible();
});

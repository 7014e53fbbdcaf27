// Looking back with no server, and a device that is filled over a bad line.

import { AWAY, expect, test, Till } from '../pages/test';

test.use({ flags: ['--demo'] });

test('a month of history opens with no server, with its bills', async ({ till, shop, noise, context, language }) => {
    test.setTimeout(60_000);
    noise.expect(AWAY);
    const { words, page } = till;
    await till.enter('manager');
    await till.ready();
    await page.locator('.badge').click();
    await expect(till.dialog).toContainText(/28 \/ 28/, { timeout: 30_000 });
    await page.keyboard.press('Escape');
    await page.goto('/history');
    await page.getByRole('link', { name: words.month }).click();
    const figures = page.locator('main .strip');
    await expect(page.locator('main tbody tr')).toHaveCount(50);
    const there = await figures.innerText();
    const rows = await page.locator('main tbody tr').allInnerTexts();
    const old = await page.locator('main tbody a').last().getAttribute('href') ?? '';
    const address = page.url();
    await page.close();
    await shop.kill9();

    const cold = new Till(await context.newPage(), language);
    await cold.go(new URL(address).pathname + new URL(address).search);
    await expect(cold.page.locator('main')).toContainText(words.from_device);
    await expect(cold.page.locator('main .strip')).toBeVisible();
    expect(await cold.page.locator('main .strip').innerText()).toBe(there);
    expect(await cold.page.locator('main tbody tr').allInnerTexts()).toEqual(rows);
    await cold.go(old);
    await expect(cold.page.locator('main')).toContainText(words.trail_is_away);
    await expect(cold.page.getByRole('button', { name: words.receipt })).toBeVisible();
    await expect(cold.page.getByRole('button', { name: words.reopen })).toHaveCount(0);
});

test('a device with nothing on it is filled table by table, says what broke, and goes on from there', async ({ till, shop, noise, context, language }) => {
    noise.expect(AWAY);
    const { words } = till;
    await till.enter('cashier');
    await till.ready();
    await till.page.close();
    // The browser was short of room, and has thrown away what the device holds.
    const broom = await context.newPage();
    await broom.goto('/icon.svg');
    await broom.evaluate(() => new Promise<void>((done, fail) => {
        const gone = indexedDB.deleteDatabase('mikrodash-cache');
        gone.onsuccess = () => done();
        gone.onerror = gone.onblocked = () => fail(new Error('it is in use'));
    }));
    await broom.close();
    const cold = new Till(await context.newPage(), language);
    let n_parts = 0;
    await cold.page.route('**/api/take_part', (route) => (n_parts++ === 0 ? route.abort() : route.continue()));
    // The server's page takes too long, so the worker opens the shell; by then the server is quick again.
    shop.freeze();
    await cold.page.goto('/');
    await expect(cold.page.locator('html[data-shell]')).toBeAttached();
    shop.thaw();
    await expect(cold.page.getByRole('heading', { level: 1 })).toHaveText(words.filling);
    await expect(cold.page.getByRole('alert')).toContainText(words.no_answer);
    await cold.page.getByRole('button', { name: words.try_again }).click();
    await expect(cold.page.getByRole('heading', { level: 1 })).toHaveText(words.floor);
    await cold.linked('live');
    expect(n_parts).toBeGreaterThan(1);
});

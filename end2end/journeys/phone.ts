import { PHONE } from '../pages/looks';
import { Sale } from '../pages/sale';
import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'], viewport: PHONE, hasTouch: true, isMobile: true, language: 'ar' });

test('a session is started, ordered on and ended on a phone', async ({ till }) => {
    const { words, floor, api } = till;
    await till.enter('owner');
    const card = floor.card(6);
    await card.press(words.start);
    await floor.start.start();
    await card.press(words.order);
    await floor.order.add('شاي');
    await floor.order.save();
    await till.stored();
    const { session_id } = await api.liveOn(await card.stationId());
    await card.press(words.bill);
    await floor.end.finish();
    await floor.receipt.opened(words.receipt);
    await floor.receipt.close();
    await till.stored();
    expect((await api.session(session_id)).settlement?.parts.orders).toBe(500);
});

test('the cart of a sale stays out of the way until it is opened', async ({ till }) => {
    const { words, page } = till;
    await till.enter('cashier', '/sale');
    const sale = new Sale(page, words);
    const bar = page.locator('.cart-bar');
    const close = page.locator('.cart-close');
    await expect(close).toBeHidden();
    await sale.add('بيبسي', 'شاي');
    await expect(bar).toContainText('20');
    await expect(sale.line('بيبسي')).toBeHidden();
    await bar.click();
    await expect(sale.line('بيبسي')).toBeVisible();
    await close.click();
    await expect(sale.line('بيبسي')).toBeHidden();
    await bar.click();
    await sale.cart.locator('.btn-big').click();
    await expect(sale.sold.first()).toContainText('شاي × 1');
});

test('what does not fit the bar is under More', async ({ till }) => {
    const { words, page } = till;
    await till.enter('owner');
    await page.getByRole('link', { name: words.more }).click();
    await page.getByRole('link', { name: words.stations }).click();
    await expect(page.getByRole('heading', { level: 1, name: words.stations })).toBeVisible();
    await page.getByRole('link', { name: words.more }).click();
    await page.getByRole('button', { name: words.other_language }).click();
    await expect(page.locator('html')).toHaveAttribute('dir', 'ltr');
});

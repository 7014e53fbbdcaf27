import { Sale } from '../pages/sale';
import { piasters } from '../pages/sums';
import { allow } from '../pages/staff';
import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

test('a cart is sold with change, and a manager takes it back with a reason', async ({ till }) => {
    const { words, page, dialog } = till;
    await till.enter('manager', '/sale');
    const sale = new Sale(page, words);
    await sale.add('Pepsi', 'Pepsi', 'Chips', 'Tea');
    await sale.line('Chips').getByRole('button', { name: words.more_of_it }).click();
    await sale.line('Tea').getByRole('button', { name: words.less }).click();
    await expect(sale.line('Tea')).toHaveCount(0);
    expect(await sale.due()).toBe(2 * 1_500 + 2 * 1_000);

    await sale.received('100');
    expect(piasters(await sale.change.textContent())).toBe(5_000);
    await sale.sell();
    await expect(till.toasts).toContainText(words.was_sold);
    const row = sale.sold.first();
    await expect(row.locator('.lead')).toContainText('Pepsi × 2');
    expect(piasters(await row.locator('.sum').textContent())).toBe(5_000);
    await till.stored();
    const sales = await till.api.table<{ total: number; payments: object[]; void?: object }>('sale');
    const stored = sales.find(({ total, payments }) => total === 5_000 && payments.length === 1);
    expect(stored?.payments).toMatchObject([{ method: 'cash', amount: 5_000, tendered: 10_000 }]);

    await row.getByRole('button', { name: words.void }).click();
    const go = dialog.getByRole('button', { name: words.void, exact: true });
    await expect(go).toBeDisabled();
    await dialog.getByLabel(words.reason).fill('Wrong customer');
    await go.click();
    await expect(row).toContainText(words.voided);
    await till.stored();
    await till.reload();
    await expect(sale.sold.first()).toContainText(words.voided);
});

test('a cashier sells, and takes a sale back when a manager allows it', async ({ till }) => {
    const { words, page } = till;
    await till.enter('cashier', '/sale');
    const sale = new Sale(page, words);
    await sale.add('Tea');
    await sale.sell();
    const row = sale.sold.first();
    await expect(row.locator('.lead')).toContainText('Tea × 1');
    await row.getByRole('button', { name: words.void }).click();
    const question = page.getByRole('dialog').filter({ hasText: words.reason });
    await question.getByLabel(words.reason).fill('Wrong customer');
    await question.getByRole('button', { name: words.void, exact: true }).click();
    await expect(row).not.toContainText(words.voided);
    await allow(till, 'منى', '2222');
    await expect(row).toContainText(words.voided);
});

test('a sale is paid in parts', async ({ till }) => {
    const { words, page } = till;
    await till.enter('cashier', '/sale');
    const sale = new Sale(page, words);
    await sale.add('Sting', 'Coffee');
    await sale.cart.getByRole('button', { name: words.wallet }).click();
    await sale.cart.getByText(words.split_payment).click();
    await sale.cart.getByLabel(words.part_by_method).fill('20');
    await sale.cart.getByRole('button', { name: words.add_part }).click();
    await sale.cart.getByRole('button', { name: words.cash, exact: true }).click();
    await sale.sell();
    await till.stored();
    const sales = await till.api.table<{ total: number; payments: object[] }>('sale');
    expect(sales.find(({ payments }) => payments.length === 2)).toMatchObject({
        total: 3_500,
        payments: [{ method: 'wallet', amount: 2_000 }, { method: 'cash', amount: 1_500 }],
    });
});

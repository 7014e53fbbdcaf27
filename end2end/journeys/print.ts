import type { Page } from '@playwright/test';
import { expect, test } from '../pages/router';
import { addPackage, connect, makeVouchers } from '../pages/vouchers';

test.use({ flags: ['--demo'] });

/** How many sheets of paper this would be. */
async function pages(page: Page): Promise<number> {
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    return pdf.match(/\/Type\s*\/Page\b(?!s)/g)?.length ?? 0;
}

test('vouchers are printed, count as printed when somebody says so, and are copies after that', async ({ till, router }) => {
    const { words, page } = till;
    await till.enter('owner', '/vouchers');
    await connect(till, router);
    await addPackage(till, 'Night', '5');
    const batch = await makeVouchers(till, '40', 'Paper');
    await expect(batch.locator('.chip')).toHaveText(words.on_gateway);
    await batch.getByRole('button').click();
    await till.dialog.getByRole('link', { name: words.print }).click();
    const tickets = page.locator('.ticket');
    await expect(tickets).toHaveCount(40);
    await expect(tickets.first()).toContainText('Night');
    await expect(tickets.first()).toContainText('http://guest.wifi');
    await expect(tickets.locator('.qr path')).toHaveCount(40);

    for (const [layout, sheets] of [['A4 · 12', 4], ['A4 · 20', 2], ['A4 · 40', 1], ['80 mm', 40], ['58 mm', 40]] as const) {
        await till.button(layout).click();
        expect(await pages(page), layout).toBe(sheets);
    }

    const print = page.locator('.page-head .btn-primary');
    await print.click();
    await expect(till.dialog).toContainText(words.did_print);
    await till.button(words.no).click();
    await expect(tickets).toHaveCount(40);
    await print.click();
    await till.button(words.yes).click();
    await expect(tickets).toHaveCount(0);
    await expect(print).toBeDisabled();
    await page.getByLabel(words.only_new).uncheck();
    await expect(tickets).toHaveCount(40);
    await expect(tickets.first()).toContainText(words.reprint);
    await till.go('/vouchers');
    await batch.getByRole('button').click();
    await expect(till.dialog.locator('.codes .chip').filter({ hasText: words.stage_printed })).toHaveCount(40);
});

// Vouchers: packages, batches, and the router that they are made on.

import type { Router } from './router';
import { expect, type Till } from './test';

export async function addPackage(till: Till, name: string, pounds: string): Promise<void> {
    const { words } = till;
    await till.button(words.add_package).click();
    await till.dialog.getByLabel(words.name_ar).fill(name);
    await till.dialog.getByLabel(words.name_en).fill(name);
    await till.dialog.getByLabel(words.price).fill(pounds);
    await till.dialog.getByLabel(words.limit_data).fill('500');
    await till.dialog.getByLabel(words.limit_time).fill('24');
    await till.button(words.save).click();
    await expect(till.dialog).toHaveCount(0);
    await expect(till.page.getByRole('row').filter({ hasText: name }).first()).toBeVisible();
}

/** Makes vouchers on their page, and answers with the row of their batch. */
export async function makeVouchers(till: Till, n: string, name: string, of = 'Night') {
    const { words } = till;
    await till.button(words.make_vouchers).click();
    await till.dialog.getByRole('button', { name: of }).click();
    await till.dialog.getByLabel(words.n_vouchers).fill(n);
    await till.dialog.getByLabel(words.batch_name).fill(name);
    await till.dialog.getByRole('button', { name: words.make_vouchers }).click();
    await expect(till.dialog).toHaveCount(0);
    return till.page.getByRole('row').filter({ hasText: name });
}

/** Has the shop use a router: this one, and not the demo's own. */
export async function connect(till: Till, router: Router, port = Number(router.port)): Promise<void> {
    const { user, password } = router;
    const form = { host: '127.0.0.1', port, is_secure: false, user, password, trust: 'nobody' };
    await till.api.call('set_gateway', { form });
}

/** The shop's vouchers that are on a router. */
export async function users(router: Router) {
    return (await router.items('/ip/hotspot/user')).filter(({ comment }) => comment?.startsWith('mikrodash:'));
}

/** The tile that sells a code of a package. */
export function offer(till: Till, name: string) {
    return till.page.locator('.menu-item').filter({ hasText: name });
}

/** Puts a printed card into the basket by its code. */
export async function typeCard(till: Till, code: string): Promise<void> {
    const { words, page } = till;
    await page.locator('.menu-tabs').getByRole('button', { name: words.vouchers }).click();
    await page.getByLabel(words.card_code).fill(code);
    await page.getByLabel(words.card_code).press('Enter');
}

/** Reads the codes that were sold, and closes their sheet. */
export async function codesSold(till: Till, n: number): Promise<string[]> {
    const codes = till.dialog.locator('.codes code');
    await expect(codes).toHaveCount(n);
    const texts = await codes.allTextContents();
    await till.button(till.words.close).click();
    await expect(till.dialog).toHaveCount(0);
    return texts;
}

/** The codes of printed cards that can be sold. */
export async function forSale(till: Till): Promise<string[]> {
    type Voucher = { code: string; batch_id: string; sold?: object; ended?: object };
    const batches = await till.api.table<{ batch_id: string; is_pool?: boolean }>('batch');
    const cards = new Set(batches.filter(({ is_pool }) => !is_pool).map(({ batch_id }) => batch_id));
    const vouchers = await till.api.table<Voucher>('voucher');
    const open = vouchers.filter(({ batch_id, sold, ended }) => cards.has(batch_id) && !sold && !ended);
    return open.map(({ code }) => code);
}

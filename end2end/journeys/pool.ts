// Vouchers that are sold: codes of the pool from the screen, printed cards by what stands on them, and both on a bill.

import { Sale } from '../pages/sale';
import { expect, test } from '../pages/test';
import { codesSold, forSale, offer, typeCard } from '../pages/vouchers';

test.use({ flags: ['--demo'] });

/** The package of the demo whose codes are for the tills: nineteen of them, of which a device may have a quarter. */
const PACKAGE = '3 GB';
const SHARE = 5;

test('two tills that hear of nobody sell their shares, and no code twice', async ({ far, till }) => {
    test.setTimeout(90_000);
    const codes: string[] = [];
    const tills = [await far(), await far()];
    for (const away of tills) {
        await away.enter('cashier', '/sale');
        await expect(offer(away, PACKAGE)).toContainText(away.words.n_left.replace('{n}', String(SHARE)));
        await away.stored();
        await away.leave();
    }
    for (const away of tills) {
        const sale = new Sale(away.page, away.words);
        for (let n = 0; n < SHARE; n++) await offer(away, PACKAGE).click();
        await sale.line(PACKAGE).getByRole('button', { name: away.words.more_of_it }).click();
        await expect(offer(away, PACKAGE).locator('.count')).toHaveText(String(SHARE));
        expect(await sale.due()).toBe(SHARE * 1_000);
        await sale.sell();
        codes.push(...(await codesSold(away, SHARE)));
        await expect(offer(away, PACKAGE)).toContainText(away.words.none_left_here);
        await expect(sale.sold.first()).toContainText(codes.at(-1) ?? '');
    }
    expect(new Set(codes).size).toBe(2 * SHARE);
    for (const away of tills) {
        await away.comeBack();
        await away.stored();
    }
    await till.enter('owner', '/vouchers/all?life=sold');
    for (const code of codes) await expect(till.page.getByRole('row').filter({ hasText: code })).toBeVisible();
    // Who is back gets a share of what is left.
    for (const away of tills) await expect(offer(away, PACKAGE)).not.toContainText(till.words.none_left_here);
});

test('a printed card is sold by its code, once', async ({ till }) => {
    const { words, page } = till;
    await till.enter('cashier', '/sale');
    const sale = new Sale(page, words);
    const [code] = await forSale(till);
    await typeCard(till, code.toLowerCase());
    await expect(sale.line('Wi-Fi')).toContainText(code);
    await typeCard(till, code);
    expect(await sale.due()).toBe(500);
    await sale.sell();
    expect(await codesSold(till, 1)).toEqual([code]);
    await typeCard(till, code);
    await expect(page.getByRole('alert').filter({ hasText: words.sold_twice })).toBeVisible();
    await typeCard(till, 'NOSUCHCODE');
    await expect(page.getByRole('alert').filter({ hasText: words.unknown_voucher })).toBeVisible();
});

test('a card that two tills sold is looked at, and the money of both stands', async ({ far }) => {
    test.setTimeout(60_000);
    const tills = [await far(), await far()];
    for (const away of tills) {
        await away.enter('cashier', '/sale');
        await away.stored();
    }
    const [code] = await forSale(tills[0]);
    for (const away of tills) await away.leave();
    for (const away of tills) {
        await typeCard(away, code);
        await new Sale(away.page, away.words).sell();
        await codesSold(away, 1);
    }
    await tills[0].comeBack();
    await tills[0].stored();
    await tills[1].comeBack();
    await tills[1].told(tills[1].words.sold_twice);
    const sales = await tills[1].api.table<{ lines: { ticket?: { code: string } }[] }>('sale');
    expect(sales.filter(({ lines }) => lines.some(({ ticket }) => ticket?.code === code))).toHaveLength(2);
    const reviews = await tills[1].api.table<{ reason: string }>('review');
    expect(reviews.map(({ reason }) => reason)).toContain('sold_twice');
    // Whoever looks is told of both sales.
    await tills[1].sync.open();
    await expect(tills[1].dialog.locator('.other-side')).toContainText(tills[1].words.sold_before);
    await expect(tills[1].dialog.locator('.other-side')).toContainText(code);
});

test('a code goes on a session’s bill, stands on the receipt, and is good no longer when it is taken back', async ({ till }) => {
    const { words, floor } = till;
    await till.enter('cashier');
    await floor.card(6).press(words.start);
    await floor.start.start();
    for (let n = 0; n < 2; n++) {
        await floor.card(6).press(words.order);
        await expect(offer(till, PACKAGE)).toBeEnabled();
        await offer(till, PACKAGE).click();
        await floor.order.save();
    }
    await floor.card(6).open();
    const codes = await floor.session.root.locator('.lines code').allTextContents();
    expect(new Set(codes).size).toBe(2);
    await floor.session.root.getByRole('button', { name: words.void }).first().click();
    await expect(floor.session.root.locator('.lines code')).toHaveText([codes[1]]);
    await floor.session.action(words.bill);
    await floor.end.finish();
    await floor.receipt.opened(words.receipt);
    await expect(floor.receipt.paper).toContainText(codes[1]);
    await expect(floor.receipt.paper).not.toContainText(codes[0]);
    await till.stored();
    const vouchers = await till.api.table<{ code: string; sold?: object; ended?: { why: string } }>('voucher');
    const of = (code: string) => vouchers.find((voucher) => voucher.code === code);
    expect(of(codes[0])).toMatchObject({ ended: { why: 'revoked' } });
    expect(of(codes[0])?.sold).toBeUndefined();
    expect(of(codes[1])?.sold).toBeDefined();
});

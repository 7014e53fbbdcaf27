// Cards that a camera reads: found in the list, and sold.

import type { Page } from '@playwright/test';
import { hold, holdNothing, withCamera } from '../pages/camera';
import { Sale } from '../pages/sale';
import { expect, test, type Till } from '../pages/test';
import { codesSold, forSale, typeCard } from '../pages/vouchers';

test.use({ flags: ['--demo'], launchOptions: withCamera });
test.describe.configure({ timeout: 60_000 });

/** Opens the printed cards that can be sold, and holds one of them in front of the camera; answers with its code. */
async function holdCard(till: Till): Promise<string> {
    const { page } = till;
    type Voucher = { code: string; batch_id: string };
    const [code] = await forSale(till);
    const voucher = (await till.api.table<Voucher>('voucher')).find((one) => one.code === code);
    await till.go(`/vouchers/print?batch=${voucher?.batch_id}`);
    const [only, all] = [page.getByLabel(till.words.only_new), page.locator('.ticket')];
    await expect(only).toBeVisible();
    await only.uncheck();
    await expect(all.first()).toBeVisible();
    // The last code of a card logs in; one before it joins the network.
    await hold(all.filter({ hasText: code }).locator('svg.qr').last());
    return code;
}

/** Remembers the cameras that a page switches on. */
async function watch(page: Page): Promise<void> {
    await page.addInitScript(() => {
        const tracks: MediaStreamTrack[] = [];
        Object.assign(window, { tracks });
        const devices = navigator.mediaDevices;
        const ask = devices.getUserMedia.bind(devices);
        devices.getUserMedia = async (wanted) => {
            const stream = await ask(wanted);
            tracks.push(...stream.getTracks());
            return stream;
        };
    });
}

function cameras(page: Page): Promise<string[]> {
    return page.evaluate(() => (window as unknown as { tracks: MediaStreamTrack[] }).tracks.map(({ readyState }) => readyState));
}

test('a card in front of the camera is found, with its life and what can be done with it', async ({ till }) => {
    const { words, page } = till;
    await watch(page);
    await till.enter('owner');
    const code = await holdCard(till);
    await till.go('/vouchers/all');
    await till.button(words.scan_card).click();
    await expect(till.dialog.getByRole('heading', { name: code })).toBeVisible({ timeout: 15_000 });
    await expect(till.dialog).toContainText(words.stage_made);
    await expect(till.dialog.getByRole('button', { name: words.mark_sold })).toBeEnabled();
    expect(await cameras(page)).toEqual(['ended']);
});

test('a card in front of the camera is sold, once', async ({ till }) => {
    const { words, page } = till;
    await till.enter('owner');
    const code = await holdCard(till);
    await till.go('/sale');
    const sale = new Sale(page, words);
    const scan = async () => {
        await page.locator('.menu-tabs').getByRole('button', { name: words.vouchers }).click();
        await till.button(words.scan_card).click();
    };
    await scan();
    await expect(sale.line('Wi-Fi')).toContainText(code, { timeout: 15_000 });
    await expect(till.dialog).toHaveCount(0);
    await sale.sell();
    expect(await codesSold(till, 1)).toEqual([code]);
    await scan();
    await expect(till.dialog.getByRole('alert')).toContainText(words.sold_twice, { timeout: 15_000 });
    await expect(till.dialog.locator('video')).toBeVisible();
});

test('the camera is off once its sheet or its page is left', async ({ till }) => {
    const { words, page } = till;
    holdNothing();
    await watch(page);
    await till.enter('owner', '/vouchers/all');
    for (const leave of [() => page.keyboard.press('Escape'), () => page.goBack()]) {
        await till.go('/vouchers');
        await page.getByRole('link', { name: words.all_vouchers }).click();
        await till.button(words.scan_card).click();
        await expect.poll(() => cameras(page)).toEqual(['live']);
        await expect.poll(() => page.locator('.scan video').evaluate((video: HTMLVideoElement) => video.videoWidth)).toBe(640);
        await leave();
        await expect.poll(() => cameras(page)).toEqual(['ended']);
    }
});

test('without a camera it is said why, and codes are typed', async ({ till }) => {
    const { words, page } = till;
    await page.addInitScript(() => {
        const reasons = ['NotAllowedError', 'NotFoundError', 'NotReadableError'];
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', reasons.shift()));
    });
    await till.enter('cashier', '/sale');
    await page.locator('.menu-tabs').getByRole('button', { name: words.vouchers }).click();
    for (const why of [words.scan_not_allowed, words.scan_no_camera, words.scan_busy]) {
        await till.button(words.scan_card).click();
        await expect(till.dialog).toContainText(why);
        await till.dialog.getByRole('button', { name: words.close }).click();
        await expect(till.dialog).toHaveCount(0);
    }
    const [code] = await forSale(till);
    await typeCard(till, code);
    await expect(new Sale(page, words).line('Wi-Fi')).toContainText(code);
});

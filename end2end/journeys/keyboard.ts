import { expect, test, type Till } from '../pages/test';

test.use({ flags: ['--demo'] });

/** What has the focus: the words on it, and whether it stands in the open sheet. */
function focus(till: Till): Promise<{ text: string; inSheet: boolean; station: string | null }> {
    return till.page.evaluate(() => {
        const el = document.activeElement;
        const name = el?.getAttribute('aria-label') ?? el?.textContent ?? '';
        return {
            text: name.trim(),
            inSheet: el === document.body || el?.closest('dialog[open]') !== null,
            station: el?.classList.contains('station-open') ? name.trim() : null,
        };
    });
}

/** Presses Tab until what it wants has the focus. */
async function tabTo(till: Till, text: string): Promise<void> {
    for (let n = 0; n < 40; n++) {
        if ((await focus(till)).text === text) return;
        await till.page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not reach ${text}`);
}

async function expectFocusOn(till: Till, station: string): Promise<void> {
    await expect.poll(async () => (await focus(till)).station).toBe(station);
}

test('the first person signs in by typing a PIN', async ({ till }) => {
    await till.go();
    await till.page.keyboard.type('1111');
    await expect(till.page.locator('.pin-dots')).toHaveAttribute('data-filled', '4');
    await till.page.keyboard.press('Enter');
    await till.live();
});

test('another person is picked and signs in without a mouse', async ({ till }) => {
    await till.go();
    await till.page.locator('.staff-picks button').filter({ hasText: 'منى' }).focus();
    await till.page.keyboard.press('Enter');
    await till.page.keyboard.type('2222');
    await till.page.keyboard.press('Enter');
    await till.live();
});

test('a session is run with the keyboard alone', async ({ till }) => {
    const { words, floor, page } = till;
    const { keyboard } = page;
    await till.enter('cashier');

    await keyboard.press('6');
    await floor.start.opened(`${words.start} · PS 6`);
    await tabTo(till, `${words.multi} 40`);
    await keyboard.press('Enter');
    await tabTo(till, words.start);
    await keyboard.press('Enter');
    await floor.sheet.gone();
    await floor.card(6).shows('playing');
    await expectFocusOn(till, 'PS 6');

    await keyboard.press('p');
    await floor.card(6).shows('paused');
    await keyboard.press('p');
    await floor.card(6).shows('playing');
    await expect(floor.card(6).root).toHaveAttribute('data-mode', 'multi');
    await keyboard.press('m');
    await expect(floor.card(6).root).toHaveAttribute('data-mode', 'single');

    const sheets = { o: `${words.order} · PS 6`, t: words.timer, x: words.extra, e: `${words.bill} · PS 6` };
    for (const [key, title] of Object.entries(sheets)) {
        await keyboard.press(key);
        await floor.sheet.opened(title);
        await keyboard.press('Escape');
        await floor.sheet.gone();
        await expectFocusOn(till, 'PS 6');
    }

    await keyboard.press('e');
    await floor.sheet.opened(sheets.e);
    await tabTo(till, (await floor.end.root.locator('.sheet-foot .btn-primary').textContent())?.trim() ?? '');
    await keyboard.press('Enter');
    await floor.receipt.opened(words.receipt);
    await keyboard.press('Escape');
    await floor.sheet.gone();
    await floor.card(6).shows('free');
    await expectFocusOn(till, 'PS 6');
});

test('the arrows go from station to station', async ({ till }) => {
    await till.enter('cashier');
    await till.floor.card(1).name.focus();
    await till.page.keyboard.press('ArrowRight');
    await expectFocusOn(till, 'PS 2');
    await till.page.keyboard.press('ArrowDown');
    await till.page.keyboard.press('ArrowUp');
    await expectFocusOn(till, 'PS 2');
    await till.page.keyboard.press('ArrowLeft');
    await expectFocusOn(till, 'PS 1');
});

test('the keys do the same on an Arabic keyboard', async ({ till }) => {
    const { floor, page } = till;
    await till.enter('cashier');
    await floor.card(1).name.focus();
    const press = (key: string, code: string) =>
        page.evaluate(
            ([key, code]) =>
                document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, code, bubbles: true })),
            [key, code],
        );
    await press('ح', 'KeyP');
    await floor.card(1).shows('paused');
    await press('٦', 'Digit6');
    await floor.start.opened(/PS 6/);
});

test('the focus stays in a sheet, and comes back where it was', async ({ till }) => {
    const { words, floor, page } = till;
    await till.enter('cashier');
    await floor.card(1).name.focus();
    await page.keyboard.press('Enter');
    await floor.session.opened('PS 1');
    for (let n = 0; n < 30; n++) {
        await page.keyboard.press(n < 15 ? 'Tab' : 'Shift+Tab');
        expect((await focus(till)).inSheet).toBe(true);
    }
    await page.keyboard.press('Escape');
    await floor.sheet.gone();
    await expectFocusOn(till, 'PS 1');

    await page.keyboard.press('?');
    await floor.sheet.opened(words.shortcuts);
    await page.keyboard.press('Escape');
    await floor.sheet.gone();
    await expectFocusOn(till, 'PS 1');
});

test('what a key opens stays open when the browser tells late that the one before was closed', async ({ till }) => {
    const { words, floor, page } = till;
    await till.enter('cashier');
    await floor.card(1).name.focus();
    for (const key of ['E', '?', 'T']) {
        const title = { 'E': `${words.bill} · PS 1`, '?': words.shortcuts, 'T': words.timer }[key] ?? '';
        for (const before of ['E', key]) {
            await page.keyboard.press(before.toLowerCase());
            await expect(floor.sheet.root).toBeVisible();
            // Closed and opened in one breath; the browser tells of the first afterwards.
            await page.evaluate(async (key) => {
                document.querySelector<HTMLDialogElement>('dialog[open]')?.close();
                const init = { key: key.toLowerCase(), code: `Key${key}`, bubbles: true };
                document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', init));
                await new Promise((done) => setTimeout(done, 100));
            }, key);
            await floor.sheet.opened(title);
            await page.keyboard.press('Escape');
            await floor.sheet.gone();
            await expectFocusOn(till, 'PS 1');
        }
    }
});

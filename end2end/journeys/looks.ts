import type { Page } from '@playwright/test';
import { newId, type Session } from '../pages/api';
import { CutSheet } from '../pages/cut';
import { look } from '../pages/looks';
import { AWAY, expect, test } from '../pages/test';
import { zoneAt } from '../pages/zone';

test.describe.configure({ mode: 'parallel', timeout: 180_000 });

const PAGES = ['/', '/sale', '/tasks', '/history', '/menu', '/stations', '/staff', '/rights', '/devices', '/vouchers', '/vouchers/all', '/profiles', '/guests', '/wifi', '/gateway', '/router', '/portal', '/backup', '/standby', '/returned', '/audit', '/settings', '/more', '/install'];

/** Opens something over the floor, by its place in the markup, which is the same in every language. */
const SHEETS: Record<string, (page: Page) => Promise<void>> = {
    sync: (page) => page.locator('.badge').click(),
    start: (page) => page.locator('[data-state=free] .station-open').first().click(),
    session: (page) => page.locator('[data-state=playing] .station-open').first().click(),
    order: async (page) => {
        await page.locator('[data-state=playing] .station-acts button').first().click();
        await page.locator('.menu-item').first().click();
    },
    end: async (page) => {
        await page.locator('[data-state=playing] .station-acts button').nth(2).click();
        await page.locator('.quick-cash button').last().click();
    },
    receipt: async (page) => {
        await page.locator('[data-state=playing] .station-acts button').nth(2).click();
        await page.locator('.sheet-foot .btn-primary').click();
        await expect(page.locator('.receipt')).toBeVisible();
    },
};

for (const language of ['ar', 'en'] as const) {
    for (const theme of ['dark', 'light'] as const) {
        test.describe(`in ${language}, ${theme}`, () => {
            test.use({ language, theme });

            test.describe('in a running shop', () => {
                test.use({ flags: ['--demo'] });

                test('every page is accessible, in its direction, and fits a phone', async ({ till }) => {
                    const wrong: string[] = [];
                    await till.go();
                    await look(till, 'login', wrong);
                    await till.enter('owner');
                    for (const path of PAGES) {
                        await till.go(path);
                        await look(till, path === '/' ? 'floor' : path.slice(1), wrong);
                    }
                    const form = { staff_id: newId(), name: 'سيد', role: 'cashier' };
                    const { code } = await till.api.call<{ code: string }>('invite', form);
                    await till.go(`/join/${code}`);
                    await look(till, 'join', wrong);
                    await till.go('/sale');
                    await till.page.locator('.menu-item').first().click();
                    await till.page.locator('.menu-item').nth(4).click();
                    await look(till, 'sale-cart', wrong);
                    const sessions = await till.api.table<Session>('session');
                    const session = sessions.find(({ ended, lines }) => ended && lines);
                    await till.go(`/history/${session?.session_id}`);
                    await expect(till.page.locator('table.bill')).toBeVisible();
                    await look(till, 'bill', wrong);
                    const day = (back: number) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
                    await till.go(`/history?from=${day(28)}&to=${day(0)}`);
                    await look(till, 'history-month', wrong);
                    expect(wrong).toEqual([]);
                });

                test('vouchers, their sheets and a tested router are accessible and fit a phone', async ({ till }) => {
                    const { page } = till;
                    const wrong: string[] = [];
                    await till.enter('owner', '/vouchers');
                    const buttons = {
                        making: page.locator('.page-head .btn-primary'),
                        package: page.locator('td.acts .btn-icon').first(),
                        batch: page.locator('td.acts .btn:not(.btn-icon)').first(),
                    };
                    for (const [name, button] of Object.entries(buttons)) {
                        await button.click();
                        await expect(till.dialog).toBeVisible();
                        await look(till, `voucher-${name}`, wrong);
                        await page.keyboard.press('Escape');
                        await expect(till.dialog).toHaveCount(0);
                    }
                    await buttons.batch.click();
                    await till.dialog.getByRole('link').click();
                    await expect(page.locator('.ticket').first()).toBeVisible();
                    await look(till, 'voucher-print', wrong);
                    await till.go('/vouchers/all');
                    await page.locator('tbody input').first().check();
                    // At the end of the list: elsewhere the bar lies over a row, as much of it as the hour of the day makes.
                    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
                    await look(till, 'vouchers-picked', wrong);
                    await page.locator('tbody button.link').first().click();
                    await expect(till.dialog).toBeVisible();
                    await look(till, 'voucher-one', wrong);
                    await till.go('/profiles');
                    await page.locator('td.acts .btn-icon').first().click();
                    await expect(till.dialog).toBeVisible();
                    await look(till, 'profile', wrong);
                    await till.go('/sale');
                    await page.locator('.menu-tabs button').last().click();
                    await expect(page.locator('.menu-item[aria-disabled="false"]').first()).toBeVisible();
                    await page.locator('.menu-item').first().click();
                    await look(till, 'sale-voucher', wrong);
                    await till.go('/gateway');
                    await page.locator('.card-foot button').first().click();
                    await expect(page.locator('.findings > li')).toHaveCount(8);
                    await page.locator('section.card').last().getByRole('button').click();
                    await expect(page.locator('.commands')).toBeVisible();
                    await look(till, 'gateway-tested', wrong);
                    expect(wrong).toEqual([]);
                });

                test('every sheet is accessible and fits a phone', async ({ till }) => {
                    const wrong: string[] = [];
                    await till.enter('owner');
                    for (const [name, open] of Object.entries(SHEETS)) {
                        await open(till.page);
                        await expect(till.page.locator('dialog[open]')).toBeVisible();
                        await look(till, `sheet-${name}`, wrong);
                        await till.page.keyboard.press('Escape');
                        await till.floor.sheet.gone();
                    }
                    expect(wrong).toEqual([]);
                });
            });

            test.describe('after a power cut', () => {
                // That began yesterday, more often than not: its day needs room as well.
                test.use({ flags: zoneAt(0).flags });

                test('the band and the sheet are accessible and fit a phone', async ({ till, shop, noise }) => {
                    noise.expect(AWAY);
                    const wrong: string[] = [];
                    const sheet = new CutSheet(till.page, till.words);
                    await till.enter('cashier');
                    await shop.powerCut(38);
                    await till.go();
                    await expect(sheet.band).toBeVisible();
                    await look(till, 'floor-cut', wrong);
                    await till.floor.card(1).press(till.words.bill);
                    await look(till, 'sheet-end-cut', wrong);
                    await till.page.keyboard.press('Escape');
                    await till.floor.sheet.gone();
                    await sheet.openIt();
                    await look(till, 'sheet-cut', wrong);
                    await till.api.call('sign_out');
                    await till.enter('manager');
                    await sheet.openIt();
                    await sheet.choose(1, 'take_out');
                    await sheet.choose(2, 'stop_at');
                    await sheet.chosen(2, 'stop_at');
                    await expect(till.page.locator('.toast')).toHaveCount(0, { timeout: 10_000 });
                    await look(till, 'sheet-cut-some', wrong);
                    await sheet.chooseForAll('charge');
                    await look(till, 'sheet-cut-all', wrong);
                    expect(wrong).toEqual([]);
                });
            });

            test.describe('with work to do', () => {
                test.use({ flags: ['--demo'] });

                test('tasks, checklists and their sheets are accessible and fit a phone', async ({ till }) => {
                    const wrong: string[] = [];
                    const { page, api } = till;
                    await till.enter('owner');
                    const [checklist_id, check_id, name] = [newId(), newId(), { ar: 'فتح المحل', en: 'Opening' }];
                    const checks = [{ check_id, text: { ar: 'شغّل التكييف', en: 'Air conditioning' } }];
                    const [{ staff_id }] = await api.staff();
                    await api.push([
                        { task_edited: { task_id: newId(), changes: [{ title: 'دراع بايظ' }, { note: 'بلاي 3' }, { priority: 'high' }, { due: 20_000 }] } },
                        { task_edited: { task_id: newId(), changes: [{ title: 'Cola' }, { assignee: staff_id }] } },
                        { checklist_edited: { checklist_id, changes: [{ name }, { kind: 'cash_count' }, { check: [check_id, checks[0].text] }] } },
                        { run_started: { run_id: newId(), checklist_id, name, kind: 'cash_count', checks } },
                    ]);
                    await till.go('/tasks');
                    await expect(page.locator('.task')).toHaveCount(4);
                    await look(till, 'tasks-full', wrong);
                    const opens = { task: '.tasks .task > button', run: 'aside [data-running] .btn', checklist: 'aside .task .btn-icon' };
                    for (const [sheet, button] of Object.entries(opens)) {
                        await page.locator(button).first().click();
                        await expect(page.locator('dialog[open]')).toBeVisible();
                        await look(till, `sheet-${sheet}`, wrong);
                        await page.keyboard.press('Escape');
                        await till.floor.sheet.gone();
                    }
                    expect(wrong).toEqual([]);
                });
            });

            test.describe('open to phones', () => {
                test.use({ flags: ['--address', '0.0.0.0'] });

                test('what lets a phone in is accessible and fits it', async ({ till, context, shop, noise }) => {
                    // A name that leads here and is not this machine's own, so that it is an outsider.
                    const phone = `http://phone.localhost:${shop.port}`;
                    noise.expect(/ERR_CERT_AUTHORITY_INVALID|ERR_NAME_NOT_RESOLVED/);
                    for (const [name, value] of Object.entries({ language, theme })) {
                        await context.addCookies([{ name, value, url: phone }]);
                    }
                    const wrong: string[] = [];
                    await till.go('/install');
                    await expect(till.page.locator('.install-code svg')).toBeVisible();
                    await look(till, 'install-code', wrong);
                    await till.go(phone);
                    await expect(till.page.locator('.install-waiting')).toBeVisible();
                    await look(till, 'install-steps', wrong);
                    expect(wrong).toEqual([]);
                });
            });

            test('the first run is accessible and fits a phone', async ({ till }) => {
                const wrong: string[] = [];
                await till.go();
                await look(till, 'first-run', wrong);
                expect(wrong).toEqual([]);
            });
        });
    }
}

// Tasks and checklists: written on phones, with or without the server.

import { PHONE } from '../pages/looks';
import { SyncSheet } from '../pages/sync';
import { Tasks } from '../pages/tasks';
import { AWAY, expect, test, Till, type FarTill } from '../pages/test';

test.use({ flags: ['--demo'] });

type Task = { title: string; note?: string; is_removed: boolean; done?: { by: string } };
type Run = { checks: { done?: object }[]; counted?: number; finished?: object };

/** A manager at the counter and a cashier far away, who have lost touch since both saw a task. */
async function apart(till: Till, far: () => Promise<FarTill>): Promise<{ tasks: Tasks; away: FarTill; theirs: Tasks }> {
    await till.enter('manager', '/tasks');
    const tasks = new Tasks(till.page, till.words);
    await tasks.add('Pads');
    await till.stored();
    const away = await far();
    await away.enter('cashier', '/tasks');
    const theirs = new Tasks(away.page, away.words);
    await expect(theirs.task('Pads')).toBeVisible();
    await away.stored();
    await away.leave();
    return { tasks, away, theirs };
}

test('tasks are written, changed and done with no server, and every device has each of them once', async ({ till, another, shop, noise, context, language }) => {
    noise.expect(AWAY);
    const { words } = till;
    await till.enter('cashier', '/tasks');
    await till.ready();
    await shop.kill9();
    const tasks = new Tasks(till.page, words);
    for (const title of ['Pads', 'Cola', 'Cables']) await tasks.add(title);
    await tasks.note('Cola', 'two boxes');
    // It goes to those that are done as soon as it is pressed.
    await tasks.task('Pads').getByRole('checkbox').click();
    await expect(tasks.task('Pads')).toHaveCount(0);
    await till.page.close();

    const later = new Till(await context.newPage(), language);
    await later.go('/tasks');
    const again = new Tasks(later.page, words);
    await expect(again.task('Cola')).toContainText('two boxes');
    await again.note('Cables', 'short ones');
    await shop.start();
    await later.stored();
    const rows = await later.api.table<Task>('task');
    const cashier = (await later.api.staff()).find(({ role }) => role === 'cashier');
    expect(rows.map(({ title, note, done }) => [title, note, done?.by]).sort()).toEqual([
        ['Cables', 'short ones', undefined],
        ['Cola', 'two boxes', undefined],
        ['Pads', undefined, cashier?.staff_id],
    ]);
    const other = await another();
    await other.enter('manager', '/tasks');
    await expect(new Tasks(other.page, words).task('Cola')).toContainText('two boxes');
});

test('two people change one task apart: different fields merge, of one field the one who comes back wins, and the other value comes back in a tap', async ({ till, far }) => {
    const { words, api } = till;
    const { tasks, away, theirs } = await apart(till, far);
    await theirs.note('Pads', 'from the phone');
    await tasks.note('Pads', 'from the counter');
    await tasks.open('Pads');
    await tasks.dialog.getByRole('button', { name: words.priority_high }).click();
    await tasks.save();
    await till.stored();
    await away.comeBack();
    await expect(tasks.task('Pads')).toContainText('from the phone');
    await expect(theirs.task('Pads')).toContainText(words.priority_high);
    expect(await api.table('task')).toMatchObject([{ note: 'from the phone', priority: 'high' }]);

    const sheet = new SyncSheet(till.page, words);
    await sheet.open();
    await expect(sheet.toLookAt).toContainText(words.edited_twice);
    await expect(sheet.toLookAt).toContainText('from the counter');
    await sheet.toLookAt.getByRole('button', { name: words.take_other_side }).click();
    await expect(sheet.toLookAt).toHaveCount(0);
    await expect(theirs.task('Pads')).toContainText('from the counter');
});

test('a checklist is made, gone through and finished, and a cash count keeps what was counted', async ({ till, another }) => {
    const { words, api, page } = till;
    await till.enter('manager', '/tasks');
    const tasks = new Tasks(page, words);
    await page.getByRole('button', { name: words.add_checklist }).click();
    await tasks.dialog.getByLabel(words.name_ar).fill('العد');
    await tasks.dialog.getByLabel(words.name_en).fill('Evening count');
    await tasks.dialog.getByRole('button', { name: words.kind_cash_count }).click();
    await tasks.dialog.getByLabel(words.check_en).fill('Notes');
    await tasks.dialog.getByRole('button', { name: words.add_check }).click();
    await tasks.dialog.getByLabel(words.check_en).last().fill('Coins');
    await tasks.save();

    const other = await another();
    await other.enter('cashier', '/tasks');
    const theirs = new Tasks(other.page, words);
    await theirs.list('Evening count').getByRole('button', { name: words.begin }).click();
    await theirs.dialog.getByRole('checkbox', { name: 'Notes' }).check();
    await theirs.dialog.getByLabel(words.counted_cash).fill('1250');
    await other.page.keyboard.press('Escape');
    await expect(theirs.dialog).toHaveCount(0);
    const running = tasks.list('Evening count').first();
    await expect(running).toContainText('1 / 2');
    // What was counted comes after the tick.
    await expect(async () => {
        if (await tasks.dialog.count()) await page.keyboard.press('Escape');
        await running.getByRole('button', { name: words.go_on }).click();
        await expect(tasks.dialog.getByLabel(words.counted_cash)).toHaveValue('1250', { timeout: 500 });
    }).toPass();
    await tasks.dialog.getByRole('checkbox', { name: 'Coins' }).check();
    await tasks.dialog.getByRole('button', { name: words.finish }).click();
    await expect(page.locator('aside .trail')).toContainText('2 / 2');
    await till.stored();
    const [run] = await api.table<Run>('run');
    expect(run).toMatchObject({ counted: 125_000, finished: {} });
    expect(run.checks.every(({ done }) => done)).toBe(true);
});

test.describe('on a phone', () => {
    test.use({ viewport: PHONE, hasTouch: true, isMobile: true, userAgent: 'Mozilla/5.0 (Linux; Android 15) Mobile' });

    test('nothing is taken away: there is no button, and the server refuses', async ({ till }) => {
        const { words, api, page } = till;
        await till.enter('manager', '/tasks');
        const tasks = new Tasks(page, words);
        await tasks.add('Pads');
        await till.stored();
        await tasks.open('Pads');
        await expect(tasks.dialog).toContainText(words.not_on_phone);
        await expect(tasks.dialog.getByRole('button', { name: words.remove })).toHaveCount(0);
        const [{ task_id }] = await api.table<Task & { task_id: string }>('task');
        const { outcomes } = await api.push([{ task_edited: { task_id, changes: [{ removed: true }] } }]);
        expect(outcomes[0].outcome).toEqual({ rejected: 'not_on_phone' });
        expect(await api.table('task')).toMatchObject([{ is_removed: false }]);
    });
});

test('what somebody wrote far away into a task that was taken away is kept, and brings it back', async ({ till, far }) => {
    const { words, api, page } = till;
    const { tasks, away, theirs } = await apart(till, far);
    await theirs.note('Pads', 'three of them');
    await tasks.open('Pads');
    await tasks.dialog.getByRole('button', { name: words.remove }).click();
    await expect(tasks.task('Pads')).toHaveCount(0);
    await till.stored();
    await away.comeBack();
    await away.told(words.removed_meanwhile);
    expect(await api.table('task')).toMatchObject([{ is_removed: true }]);
    const sheet = new SyncSheet(page, words);
    await sheet.open();
    await sheet.toLookAt.getByRole('button', { name: words.take_other_side }).click();
    await expect(sheet.toLookAt).toHaveCount(0);
    await expect(theirs.task('Pads')).toContainText('three of them');
});

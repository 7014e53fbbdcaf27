import { cairo } from '../pages/floor';
import { allow } from '../pages/staff';
import { expect, test, type Till } from '../pages/test';

test.use({ flags: ['--demo'] });

/** Sets the start of a session on the floor to a minute ago. */
async function startLater({ floor, words }: Till, place: number): Promise<void> {
    await floor.act(place, words.edit_start);
    await floor.sheet.pickTime(cairo(new Date(Date.now() - 60_000)));
    await floor.sheet.action(words.save);
}

test('an owner gives cashiers a right, and takes it back', async ({ till, another }) => {
    const { words, page, api } = till;
    await till.enter('owner', '/rights');
    const tick = (right: string, role: string) => page.getByRole('checkbox', { name: `${right}: ${role}`, exact: true });
    const given = tick(words.right_void, words.cashier);
    await expect(given).not.toBeChecked();
    await expect(tick(words.right_void, words.manager)).toBeChecked();
    await expect(tick(words.right_settings, words.manager)).toBeDisabled();
    await expect(tick(words.right_void, words.owner)).toBeDisabled();

    const theirs = await another();
    await theirs.enter('cashier');
    const station_id = await theirs.floor.card(1).stationId();
    const { started_at } = await api.liveOn(station_id);
    await startLater(theirs, 1);
    await expect(theirs.dialog.filter({ hasText: words.needs_approval })).toBeVisible();
    expect((await api.liveOn(station_id)).started_at).toBe(started_at);

    await given.check();
    await till.stored();
    await theirs.go();
    await theirs.live();
    await startLater(theirs, 1);
    await theirs.stored();
    expect((await api.liveOn(station_id)).started_at).toBeGreaterThan(started_at);

    await till.reload();
    await expect(given).toBeChecked();
    await given.uncheck();
    await till.stored();
    await till.reload();
    await expect(given).not.toBeChecked();
});

test('a start is moved later with the PIN of somebody who may, and both names are on record', async ({ till, another }) => {
    const { words, floor, api } = till;
    await till.enter('cashier');
    const station_id = await floor.card(1).stationId();
    const { started_at } = await api.liveOn(station_id);
    await startLater(till, 1);
    await allow(till, 'منى', '2222');
    await till.told(words.start_edited);
    await till.stored();
    expect((await api.liveOn(station_id)).started_at).toBeGreaterThan(started_at);
    expect(await api.table('review'), 'nobody has to look at what was allowed').toEqual([]);

    const owner = await another();
    await owner.enter('owner', '/audit');
    const line = owner.page.locator('tr').filter({ hasText: words.start_edited }).first();
    await expect(line).toContainText('أحمد');
    await expect(line).toContainText('منى');
});

test('a cashier reads who may do what, and changes nothing', async ({ till }) => {
    const { words, page } = till;
    await till.enter('cashier', '/rights');
    await expect(page.getByRole('rowheader', { name: words.right_void })).toBeVisible();
    for (const box of await page.getByRole('checkbox').all()) await expect(box).toBeDisabled();
});

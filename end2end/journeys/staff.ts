import { FirstRun, Login } from '../pages/door';
import { act, allow, invite, join, person, suspend } from '../pages/staff';
import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

test('an owner takes on a cashier, who signs in with a PIN', async ({ till, noise }) => {
    noise.expect(/status of 422/); // the browser's word for the PIN that was refused
    const { words, page } = till;
    await till.enter('owner', '/staff');
    await till.button(words.add_staff).click();
    await till.field(words.name).fill('Karim');
    await till.field(words.new_pin).fill('87');
    await till.button(words.save).click();
    await expect(till.dialog.getByRole('alert')).toContainText(words.bad_pin);
    await till.field(words.new_pin).fill('8765');
    await till.button(words.save).click();
    await expect(till.dialog).toHaveCount(0);
    const row = page.getByRole('row').filter({ hasText: 'Karim' });
    await expect(row).toContainText(words.cashier);
    await expect(row).toContainText(words.yes);

    await page.locator('.who-chip').click();
    const login = new Login(page, words);
    await login.shows();
    await login.pick('Karim');
    await login.pin('8765');
    await expect(page.locator('.who-chip')).toContainText('Karim');
});

test('five wrong PINs shut the door, and it says so', async ({ till, noise }) => {
    noise.expect(/status of 401/, /status of 429/);
    const { words, page } = till;
    await till.go();
    const login = new Login(page, words);
    await login.pick('أحمد');
    for (const left of [4, 3, 2, 1]) {
        await login.pin('9999');
        await expect(login.problem).toContainText(words.wrong_secret.replace('{n}', String(left)));
    }
    await login.pin('9999');
    await expect(login.problem).toContainText(words.locked_out.replace('{n}', '15'));
    await login.pin('3333');
    await expect(login.problem).toContainText(words.locked_out.replace('{n}', '15'));

    await login.pick('منى');
    await login.pin('2222');
    await till.live();
});

test('somebody who left cannot come in, and is put out', async ({ till, another, noise }) => {
    noise.expect(/status of 401/);
    const { words, page } = till;
    const theirs = await another();
    await theirs.enter('cashier');
    await till.enter('owner', '/staff');
    await suspend(till, 'أحمد', 'late again');
    await expect(page.getByRole('row').filter({ hasText: 'أحمد' })).toContainText(words.suspended);

    await theirs.floor.card(1).press(words.pause);
    await expect(theirs.page.locator('.badge [role=status]')).toContainText(words.signed_out);
    const there = await another();
    await there.go();
    await expect(there.page.locator('.staff-picks')).not.toContainText('أحمد');
});

test('who was invited joins, is approved, works, and is put out while working', async ({ till, another, noise }) => {
    noise.expect(/status of 401/, /status of 422/);
    const { words, page } = till;
    await till.enter('owner', '/staff');
    const code = await invite(till, 'Sayed');
    await expect(person(till, 'Sayed')).toContainText(words.incomplete);

    const theirs = await another();
    await join(theirs, code, 'Sayed Ali', '7654');
    await theirs.go(`/join/${code}`);
    await expect(theirs.page.getByRole('alert')).toContainText(words.no_invitation);
    await theirs.go();
    await expect(theirs.page.locator('.staff-picks')).not.toContainText('Sayed');

    await expect(person(till, 'Sayed Ali')).toContainText(words.waits_for_owner);
    await act(till, 'Sayed Ali', words.approve);
    await expect(person(till, 'Sayed Ali')).toContainText(words.active);
    await till.stored();

    await theirs.go();
    const login = new Login(theirs.page, words);
    await login.pick('Sayed Ali');
    await login.pin('7654');
    await theirs.live();
    await theirs.floor.card(6).press(words.start);
    await theirs.floor.start.start();
    await theirs.stored();

    await suspend(till, 'Sayed Ali', 'late again');
    await theirs.linked('signedout', 8_000);
    await theirs.reload();
    await login.shows();
    await act(till, 'Sayed Ali', words.let_back);
    await expect(person(till, 'Sayed Ali')).toContainText(words.active);
    await expect(page.getByRole('row').filter({ hasText: words.suspended })).toHaveCount(0);
});

test('who was removed is on no list until an owner puts them back', async ({ till }) => {
    const { words } = till;
    await till.enter('owner', '/staff');
    await act(till, 'أحمد', words.remove_staff);
    await till.dialog.filter({ hasText: words.remove_says }).last().getByRole('button', { name: words.remove_staff }).click();
    await expect(person(till, 'أحمد')).toHaveCount(0);
    await till.field(words.show_removed).check();
    await act(till, 'أحمد', words.put_staff_back);
    await expect(person(till, 'أحمد')).toContainText(words.active);
});

test('what a cashier may not do is done with the PIN of somebody who may', async ({ till, noise }) => {
    noise.expect(/status of 401/);
    const { words, floor, api } = till;
    await till.enter('cashier');
    const station_id = await floor.card(1).stationId();
    await floor.card(1).press(words.bill);
    await till.dialog.getByRole('button', { name: words.free_of_charge }).click();
    await floor.end.root.locator('.sheet-foot .btn-primary').click();
    await allow(till, 'منى', '0000');
    await expect(till.dialog.getByRole('alert').last()).toContainText(words.wrong_secret.replace('{n}', '4'));
    const { session_id } = await api.liveOn(station_id);
    await allow(till, 'منى', '2222');
    await floor.card(1).shows('free');
    await till.stored();
    const { settlement } = await api.session(session_id);
    expect(settlement?.total).toBe(0);
    expect(await api.table('review'), 'nobody has to look at what was allowed').toEqual([]);
});

test('without the server, whoever has been here allows it by what the device knows', async ({ far, noise }) => {
    noise.expect(/status of 401/); // what was on its way when the door shut
    const away = await far();
    const { words, floor, page } = away;
    await away.go();
    const login = new Login(page, words);
    await login.pick('منى');
    await login.pin('2222');
    await away.live();
    await page.locator('.who-chip').click();
    await login.shows();
    await login.pick('أحمد');
    await login.pin('3333');
    await away.stored();
    await away.leave();
    await floor.card(1).press(words.bill);
    await away.dialog.getByRole('button', { name: words.free_of_charge }).click();
    await floor.end.root.locator('.sheet-foot .btn-primary').click();
    await allow(away, 'منى', '2222');
    await floor.card(1).shows('free');
    await away.comeBack();
    await away.stored();
    expect(await away.api.table('review')).toEqual([]);
});

test('what was recorded on a phone that was put out waits for the owner, who takes it or leaves it', async ({ till, far, noise }) => {
    noise.expect(/status of 403/, /status of 401/);
    const { words, page, api } = till;
    const phone = await far();
    await phone.enter('cashier');
    await phone.stored();
    await phone.leave();
    await phone.floor.card(6).press(words.start);
    await phone.floor.start.start();

    await till.enter('owner', '/devices');
    const row = page.getByRole('row').filter({ hasNotText: words.this_device }).filter({ has: page.locator('td') });
    await row.getByRole('button').click();
    await till.dialog.getByRole('button', { name: words.revoke_device, exact: true }).click();
    await till.dialog.getByRole('alert').getByRole('button', { name: words.revoke_device }).click();
    await expect(row).toContainText(words.revoked);

    phone.mend();
    await phone.linked('signedout');
    await till.go();
    const card = till.floor.card(6);
    await card.shows('free');
    await till.sync.open();
    await expect(till.sync.toLookAt).toContainText(words.from_revoked);
    await till.sync.root.getByRole('button', { name: words.accept_refused }).click();
    await till.told(words.was_accepted);
    await till.sync.close();
    await card.shows('playing');
    const { started_at } = await api.liveOn(await card.stationId());
    expect(started_at).toBeLessThan(Date.now());
});

test.describe('in a shop of its own', () => {
    test.use({ flags: [] });
    test('a PIN opens a device that the owner has paired, and no other', async ({ till, another, noise }) => {
        noise.expect(/status of 403/);
        const { words, page } = till;
        const door = new FirstRun(page, words);
        await till.go();
        await door.fill('Elite', 'Hany', 'long enough');
        await door.open();
        await till.live();
        await till.go('/staff');
        await till.button(words.add_staff).click();
        await till.field(words.name).fill('Karim');
        await till.field(words.new_pin).fill('8765');
        await till.button(words.save).click();
        await expect(till.dialog).toHaveCount(0);

        const phone = await another();
        await phone.go();
        const login = new Login(phone.page, words);
        await login.pick('Karim');
        await login.pin('8765');
        const asked = await login.problem.innerText();
        const [number] = /\d{4}/.exec(asked) ?? [''];
        expect(asked).toBe(words.unpaired_says.replace('{n}', number));

        await till.go('/devices');
        const row = page.getByRole('row').filter({ hasText: number });
        await row.getByRole('button').click();
        await till.field(words.device_name).fill('Phone of Karim');
        await till.dialog.getByRole('button', { name: words.pair, exact: true }).click();
        await expect(page.getByRole('row').filter({ hasText: 'Phone of Karim' })).toContainText(words.paired);

        await login.pin('8765');
        await expect(phone.page.locator('.who-chip')).toContainText('Karim');
    });
});

test('a till that nobody touches locks itself', async ({ till, noise }) => {
    noise.expect(/status of 401/); // what was on its way when the door shut
    const { words, page } = till;
    await page.clock.install();
    await till.enter('owner', '/settings');
    await till.button(words.lock_never).click();
    await page.getByRole('group', { name: words.lock_after }).getByRole('button').nth(1).click();
    await till.stored();
    await page.clock.runFor(100_000);
    await expect(page.locator('.who-chip')).toBeVisible();
    await page.clock.runFor(60_000);
    await new Login(page, words).shows();
});

import { Login } from '../pages/door';
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
    await till.button(`${words.edit} أحمد`).click();
    await till.dialog.getByLabel(words.may_sign_in).uncheck();
    await till.button(words.save).click();
    await expect(page.getByRole('row').filter({ hasText: 'أحمد' })).toContainText(words.inactive);

    await theirs.floor.card(1).press(words.pause);
    await expect(theirs.page.locator('.badge [role=status]')).toContainText(words.signed_out);
    const there = await another();
    await there.go();
    await expect(there.page.locator('.staff-picks')).not.toContainText('أحمد');
});

// Speeds and limits: what the router does for everybody of a package, edited from the app.

import { expect, test } from '../pages/router';
import { connect } from '../pages/vouchers';

test.use({ flags: ['--demo'] });

test('a profile is made and cleared, and one that a package names stays', async ({ till, router }) => {
    const { words, page } = till;
    await till.enter('owner');
    await connect(till, router);
    await till.go('/profiles');
    const row = (name: string) => page.getByRole('row').filter({ hasText: name });
    await expect(row('cafe-users')).toContainText('5 Mbit/s');
    await till.button(words.add_profile).click();
    await till.dialog.getByLabel(words.name).fill('evening');
    await till.dialog.getByLabel(words.speed_down).fill('2.5');
    await expect(till.button(words.save)).toBeDisabled(); // one way alone
    await till.dialog.getByLabel(words.speed_up).fill('0.5');
    await till.button(words.save).click();
    await till.told(words.was_saved);
    await expect(row('evening')).toContainText('2.5 Mbit/s');
    await expect(row('evening')).toContainText('500 kbit/s');
    const profiles = await router.items('/ip/hotspot/user/profile');
    expect(profiles.find(({ name }) => name === 'evening')).toMatchObject({ 'rate-limit': '500k/2500k' });

    await till.button(`${words.edit} evening`).click();
    await till.dialog.getByLabel(words.speed_down).fill('');
    await till.dialog.getByLabel(words.speed_up).fill('');
    await till.button(words.save).click();
    await expect(row('evening')).toContainText(words.unlimited);
    await till.button(`${words.edit} evening`).click();
    await till.dialog.getByRole('button', { name: words.remove }).click();
    await expect(row('evening')).toHaveCount(0);

    await till.button(`${words.edit} cafe-users`).click();
    await expect(till.dialog).toContainText(words.profile_in_use);
    await expect(till.dialog.getByRole('button', { name: words.remove })).toHaveCount(0);
});

test('while the router is away the page says why, and nothing can be made', async ({ till, router }) => {
    const { words } = till;
    await till.enter('owner');
    await connect(till, router, 1); // nobody listens there
    await till.go('/profiles');
    await expect(till.page.getByRole('status').filter({ hasText: words.gateway_refused })).toBeVisible();
    await expect(till.button(words.add_profile)).toBeDisabled();
});

import { expect, test, type Router } from '../pages/router';
import type { Till } from '../pages/test';
import { connect } from '../pages/vouchers';
import { WifiPage } from '../pages/wifi';

test.use({ flags: ['--demo'] });
test.describe.configure({ timeout: 120_000 });

const PHONE = '02:00:00:AA:BB:77';
/** The page asks every ten seconds. */
const SEEN_MS = 25_000;

async function open(till: Till, router: Router): Promise<WifiPage> {
    await till.enter('owner', '/settings');
    await connect(till, router);
    await till.go('/wifi');
    return new WifiPage(till);
}

test('a device is blocked, stays out, and is let in again', async ({ till, router }) => {
    const { words } = till;
    expect(await router.join(PHONE, 'Galaxy-A54')).toBeUndefined();
    const wifi = await open(till, router);
    const row = wifi.device(PHONE);
    await expect(row).toContainText('Galaxy A54', { timeout: SEEN_MS });
    await expect(row).toContainText(words.signal_good);
    await row.getByRole('button', { name: words.block }).click();
    await till.told(words.was_blocked);
    await expect(row).toHaveCount(0, { timeout: SEEN_MS });
    const blocked = wifi.blocked(PHONE);
    await expect(blocked).toContainText('Galaxy A54');
    expect(await router.join(PHONE, 'Galaxy-A54')).toContain('rejected');
    const rules = await router.items('/interface/wifi/access-list');
    expect(rules.map(({ comment }) => comment)).toEqual(['mikrodash:block:Galaxy A54']);

    await blocked.getByRole('button', { name: words.unblock }).click();
    await till.told(words.was_unblocked);
    await expect(blocked).toHaveCount(0, { timeout: SEEN_MS });
    expect(await router.items('/interface/wifi/access-list')).toEqual([]);
    expect(await router.join(PHONE, 'Galaxy-A54')).toBeUndefined();
    await expect(row).toBeVisible({ timeout: SEEN_MS });
});

test('a network is renamed and gets a passphrase, after a warning', async ({ till, router }) => {
    const { words, dialog } = till;
    const wifi = await open(till, router);
    await expect(wifi.network('wifi1-ps')).toContainText('PlayStation', { timeout: SEEN_MS });
    await wifi.edit('wifi1-ps');
    await expect(dialog).toBeVisible();
    await expect(dialog).not.toContainText(words.everyone_cut);
    await dialog.getByLabel(words.network_name).fill('Players');
    await expect(dialog).toContainText(words.everyone_cut);
    await dialog.getByLabel(words.new_passphrase).fill('short');
    await till.button(words.save).click();
    await expect(dialog).toContainText(words.bad_passphrase);
    await dialog.getByLabel(words.new_passphrase).fill('long-enough');
    await till.button(words.save).click();
    await till.told(words.was_saved);
    await expect(dialog).toHaveCount(0);
    await expect(wifi.network('wifi1-ps')).toContainText('Players', { timeout: SEEN_MS });
    const [named] = (await router.items('/interface/wifi')).filter(({ name }) => name === 'wifi1-ps');
    expect(named).toMatchObject({ 'configuration.ssid': 'Players', 'security.passphrase': 'long-enough' });
    expect(await till.page.content()).not.toContain('long-enough');

    await wifi.edit('wifi1-ps');
    await dialog.getByLabel(words.make_open).check();
    await till.button(words.save).click();
    await expect(dialog.last()).toContainText(words.make_open_note);
    await till.button(words.make_open_now).click();
    await expect(dialog).toHaveCount(0);
    await expect(wifi.network('wifi1-ps')).toContainText(words.open_network, { timeout: SEEN_MS });
    const [opened] = (await router.items('/interface/wifi')).filter(({ name }) => name === 'wifi1-ps');
    expect(opened['security.authentication-types']).toBe('');
});

test('while the router is away the page says why, and nothing can be pressed', async ({ till, router }) => {
    const { words, page } = till;
    expect(await router.join(PHONE, 'Galaxy-A54')).toBeUndefined();
    const wifi = await open(till, router);
    const block = wifi.device(PHONE).getByRole('button', { name: words.block });
    await expect(block).toBeEnabled({ timeout: SEEN_MS });
    await router.close();
    await expect(page.locator('.notice').filter({ hasText: words.gateway_refused })).toBeVisible({ timeout: SEEN_MS });
    await expect(block).toBeDisabled();
    await expect(block).toHaveAttribute('title', words.not_while_away);
    // A page that is opened now knows by name who was there.
    await till.reload();
    const before = page.getByRole('region', { name: words.hosts_before });
    await expect(before).toContainText('Galaxy A54', { timeout: SEEN_MS });
    await expect(page.locator('.notice').filter({ hasText: words.as_of })).toBeVisible();
});

test('a cashier sees the networks, and changes none', async ({ till }) => {
    const { words } = till;
    await till.enter('cashier', '/wifi');
    const wifi = new WifiPage(till);
    await expect(wifi.network('wifi1')).toBeVisible({ timeout: SEEN_MS });
    await expect(wifi.network('wifi1').getByRole('button')).toHaveCount(0);
    await expect(till.button(words.add_network)).toHaveCount(0);
});

test.describe('with the older driver', () => {
    test.use({ routerFlags: ['--legacy'] });

    test('a device is blocked, and a network renamed and added', async ({ till, router }) => {
        const { words, dialog } = till;
        expect(await router.join(PHONE, 'Galaxy-A54')).toBeUndefined();
        const wifi = await open(till, router);
        await wifi.device(PHONE).getByRole('button', { name: words.block }).click();
        await till.told(words.was_blocked);
        await expect(wifi.blocked(PHONE)).toBeVisible({ timeout: SEEN_MS });
        expect(await router.join(PHONE, 'Galaxy-A54')).toContain('rejected');

        await wifi.edit('wlan1-ps');
        await dialog.getByLabel(words.network_name).fill('Players');
        await till.button(words.save).click();
        await expect(dialog).toHaveCount(0);
        await expect(wifi.network('wlan1-ps')).toContainText('Players', { timeout: SEEN_MS });

        await till.button(words.add_network).click();
        await dialog.getByLabel(words.network_name).fill('Garden');
        await till.button(words.save).click();
        await expect(dialog).toHaveCount(0);
        await expect(wifi.network('wlan1-2')).toContainText('Garden', { timeout: SEEN_MS });
        const names = async () => (await router.items('/interface/wireless')).map(({ ssid }) => ssid);
        expect(await names()).toEqual(['cafe', 'Players', 'Garden']);

        await wifi.edit('wlan1-2');
        await till.button(words.remove_network).click();
        const sure = dialog.last();
        await expect(sure).toContainText(words.remove_network_note);
        await expect(sure).toContainText(words.nobody_on_it);
        await sure.getByRole('button', { name: words.remove_network }).click();
        await till.told(words.was_saved);
        await expect(wifi.network('wlan1-2')).toHaveCount(0, { timeout: SEEN_MS });
        expect(await names()).toEqual(['cafe', 'Players']);
        await wifi.edit('wlan1');
        await expect(dialog).toBeVisible();
        await expect(till.button(words.remove_network)).toHaveCount(0);
    });
});

import { expect, test, type Router } from '../pages/router';
import type { Till } from '../pages/test';

test.use({ flags: ['--demo'] });

/** Types how the router is reached. */
async function type(till: Till, router: Router, password = router.password): Promise<void> {
    const { words } = till;
    await till.field(words.gateway_address).fill('127.0.0.1');
    await till.field(words.port).fill(router.port);
    await till.field(words.gateway_user).fill(router.user);
    await till.field(words.password).fill(password);
}

function line(till: Till, check: string) {
    return till.page.locator('.findings > li').filter({ has: till.page.getByText(check, { exact: true }) });
}

async function look(till: Till): Promise<void> {
    const { words, page } = till;
    const answered = page.waitForResponse('**/api/test_gateway');
    await till.button(words.test_connection).click();
    await answered;
    await expect(till.button(words.test_connection)).toBeEnabled();
}

test('an owner connects the router: tried, mended, saved, and found again', async ({ till, router }) => {
    const { words, page } = till;
    await till.enter('owner', '/gateway');
    await page.getByRole('checkbox').check();
    await till.field(words.port).fill('443');
    await page.getByRole('checkbox').uncheck();
    await expect(till.field(words.port)).toHaveValue('80');
    await type(till, router, 'wrong');
    await look(till);
    await expect(line(till, words.check_port)).toHaveAttribute('data-tone', 'ok');
    await expect(line(till, words.check_login)).toContainText(words.gateway_wrong_login);
    await expect(line(till, words.check_rights)).toHaveCount(0);

    await till.field(words.password).fill(router.password);
    await look(till);
    await expect(line(till, words.check_login)).toContainText('7.21');
    await expect(line(till, words.check_rights)).toHaveAttribute('data-tone', 'ok');
    await expect(line(till, words.hotspot)).toContainText('guest-hotspot');
    await expect(line(till, words.check_portal)).toContainText('guest.wifi');
    await expect(line(till, words.secure)).toContainText(words.gateway_plain);
    await till.button(words.save).click();
    await till.told(words.was_saved);

    await till.reload();
    await expect(till.field(words.port)).toHaveValue(router.port);
    await expect(till.field(words.password)).toHaveValue('');
    await expect(page.getByText(words.password_kept)).toBeVisible();
    await look(till);
    await expect(line(till, words.check_rights)).toHaveAttribute('data-tone', 'ok');
    expect(await page.content()).not.toContain(router.password);
});

test('whatever is wrong with the router is told in words', async ({ till, router }) => {
    const { words } = till;
    await till.enter('owner', '/gateway');
    await till.page.getByRole('checkbox').uncheck();
    await type(till, router);
    const faults = [
        ['rest_off', words.gateway_rest_off],
        ['other_page', words.gateway_not_one],
        ['wrong_login', words.gateway_wrong_login],
        ['drop_before', words.gateway_cut],
        ['session_closed', words.gateway_took_too_long],
    ] as const;
    for (const [fault, words] of faults) {
        await router.breaks(fault);
        await look(till);
        await expect(till.page.locator('.findings [data-tone=bad]')).toContainText(words);
    }
    await router.breaks(null);
    await router.close();
    await look(till);
    await expect(line(till, words.check_port)).toContainText(words.gateway_refused);
    await till.field(words.gateway_address).fill('router.invalid');
    await look(till);
    await expect(line(till, words.check_name)).toContainText(words.gateway_no_name);
});

test.describe('over HTTPS', () => {
    test.use({ routerFlags: ['--https'] });

    test('a certificate is confirmed once, and then known', async ({ till, router }) => {
        const { words, page } = till;
        await till.enter('owner', '/gateway');
        await page.getByRole('checkbox').check();
        await type(till, router);
        await look(till);
        await expect(line(till, words.secure)).toContainText(words.gateway_untrusted);
        const shown = await page.locator('.findings .fingerprint').textContent();
        expect(shown).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
        const answered = page.waitForResponse('**/api/test_gateway');
        await till.button(words.trust_it).click();
        await answered;
        await expect(line(till, words.secure)).toHaveAttribute('data-tone', 'ok');
        await till.button(words.save).click();
        await till.told(words.was_saved);
        await till.reload();
        await expect(page.locator('.card .fingerprint').first()).toHaveText(shown ?? '');
        await look(till);
        await expect(line(till, words.check_login)).toHaveAttribute('data-tone', 'ok');
    });
});

test('the commands for a user of its own come with a password, which is filled in', async ({ till }) => {
    const { words, page } = till;
    await till.enter('owner', '/gateway');
    await till.field(words.gateway_address).fill('127.0.0.1');
    await till.button(words.show_commands).click();
    const commands = page.locator('.commands');
    await expect(commands).toContainText('/user/group/add name=mikrodash');
    const password = await till.field(words.password).inputValue();
    expect(password.length).toBeGreaterThanOrEqual(20);
    await expect(commands).toContainText(`password="${password}"`);
    await expect(commands).toContainText('address=127.0.0.1');
});

test('an address that is none is refused, and nothing is saved', async ({ till, noise }) => {
    noise.expect(/status of 422/);
    const { words } = till;
    await till.enter('owner', '/gateway');
    await till.field(words.gateway_address).fill('http://192.168.88.1/');
    await till.button(words.save).click();
    await till.told(words.text_unclear);
    await till.field(words.gateway_address).fill('192.168.88.1');
    await till.field(words.port).fill('no port');
    await till.button(words.save).click();
    await till.told(words.out_of_range);
});

test('a cashier does not see how the router is reached', async ({ till }) => {
    await till.enter('cashier', '/gateway');
    await expect(till.page.getByText(till.words.owner_only)).toBeVisible();
    await expect(till.field(till.words.password)).toHaveCount(0);
});

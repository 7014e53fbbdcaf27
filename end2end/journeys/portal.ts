import { flaw, Portal } from '../pages/portal';
import { expect, test } from '../pages/router';
import { addPackage, connect, makeVouchers, users } from '../pages/vouchers';

test.use({ flags: ['--demo'] });
test.describe.configure({ timeout: 120_000 });

const PHONE = '02:00:00:AA:BB:77';
const OTHER_PHONE = '02:00:00:AA:BB:78';

test('an owner uploads the shop\'s pages, puts them in use, and goes back', async ({ till, router }) => {
    const { words } = till;
    const portal = new Portal(till);
    await till.enter('owner', '/vouchers');
    await connect(till, router);
    await till.go('/portal');
    await expect(portal.line(words.portal_not_in_use)).toContainText('flash/hotspot');
    await expect(till.button(words.portal_use)).toBeDisabled();

    await portal.upload();
    await expect(portal.line(words.portal_files)).toContainText(words.portal_files_current);
    const uploaded = (await router.items('/file')).filter(({ name }) => name.startsWith('flash/mikrodash-portal/'));
    expect(uploaded).toHaveLength(7);
    expect(uploaded.find(({ name }) => name.endsWith('/login.html'))?.contents).toContain('$(link-login-only)');

    const [before] = await router.items('/ip/hotspot/profile');
    await portal.use();
    await expect(portal.line(words.portal_in_use)).toContainText('flash/mikrodash-portal');
    const [used] = await router.items('/ip/hotspot/profile');
    expect(used['html-directory']).toBe('flash/mikrodash-portal');
    expect(used['login-by']).toBe(before['login-by']);

    await till.button(words.portal_go_back).click();
    await till.told(words.portal_went_back);
    const [after] = await router.items('/ip/hotspot/profile');
    expect(after['html-directory']).toBe('flash/hotspot');
    await expect(portal.line(words.portal_not_in_use)).toBeVisible();
});

test('the pages are seen as a guest would see them, in both languages', async ({ till }) => {
    const { words } = till;
    const { preview } = new Portal(till);
    await till.enter('owner', '/portal');
    await expect(preview.locator('#code')).toBeVisible();
    await expect(preview.locator('html')).toHaveAttribute('dir', 'rtl');
    await preview.locator('#other').click();
    await expect(preview.locator('html')).toHaveAttribute('dir', 'ltr');
    await expect(preview.getByRole('button', { name: 'Go online' })).toBeVisible();
    await till.button(words.portal_page_wrong).click();
    await expect(preview.getByRole('alert')).toHaveCount(1);
    await expect(preview.locator('#said')).toBeHidden();
    await till.button(words.portal_page_status).click();
    await expect(preview.getByText('1.5 GiB')).toBeVisible();
});

test('what is wrong on the router is shown, and repaired after a look at what that does', async ({ till, router }) => {
    const { words, page } = till;
    await till.enter('owner', '/vouchers');
    await connect(till, router);
    await addPackage(till, 'Night', '5');
    const batch = await makeVouchers(till, '2', 'Pair');
    await expect(batch.locator('.chip')).toHaveText(words.on_gateway);
    const [gone, stays] = await users(router);
    expect(await router.logIn(gone.name, PHONE)).toBeUndefined();
    expect(await router.logIn(stays.name, OTHER_PHONE)).toBeUndefined();
    await router.logOut(PHONE);
    await router.remove('/ip/hotspot/user', gone['.id']);

    await till.go('/router');
    await expect(page.locator('.gauges')).toContainText('7.21');
    await expect(page.locator('.gauges')).toContainText('41');
    const line = flaw(till, 'StaleCookie');
    await expect(line).toContainText(gone.name);
    await line.getByText(words.repair_does).click();
    await expect(line.locator('.commands')).toContainText(`/ip/hotspot/cookie/remove [find user=${gone.name}`);
    await line.getByRole('button', { name: words.repair, exact: true }).click();
    await expect(till.dialog.locator('.commands')).toContainText(gone.name);
    await till.dialog.getByRole('checkbox').uncheck();
    await expect(till.dialog.getByRole('button', { name: words.repair, exact: true })).toBeDisabled();
    await till.dialog.getByRole('checkbox').check();
    await till.dialog.getByRole('button', { name: words.repair, exact: true }).click();
    await till.told(words.repaired.replace('{n}', '1'));
    await expect(line).toHaveCount(0);
    const left = await router.items('/ip/hotspot/cookie');
    expect(left.map(({ user }) => user)).toEqual([stays.name]);
});

test('a cashier sees how the router is, and is told who repairs', async ({ till }) => {
    const { words, page } = till;
    await till.enter('cashier', '/router');
    await expect(page.locator('.gauges')).toContainText(words.router_cpu);
    await expect(page.getByText(words.manager_only)).toBeVisible();
    await expect(page.locator('.flaws')).toHaveCount(0);
    await till.go('/portal');
    await expect(page.locator('.findings').first()).toBeVisible();
    await expect(till.button(words.portal_upload)).toHaveCount(0);
});

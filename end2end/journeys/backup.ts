import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Sale } from '../pages/sale';
import { binary, type Server } from '../pages/server';
import { AWAY, expect, test, type Till } from '../pages/test';

test.use({ flags: ['--demo'] });
test.describe.configure({ timeout: 90_000 });

const run = promisify(execFile);

/** Runs the program on a shop's data, as its owner would on the command line. */
async function mikrodash(shop: Server, ...command: string[]): Promise<string> {
    const { stdout } = await run(binary, [...command, '--data', shop.data], { env: { PATH: process.env.PATH } });
    return stdout;
}

/** Makes a backup on the page, and tells where it is. */
async function backUp(till: Till, shop: Server): Promise<string> {
    await till.go('/backup');
    await till.button(till.words.back_up_now).click();
    await expect(till.page.locator('tr[data-name]')).toHaveCount(1, { timeout: 20_000 });
    await expect(till.button(till.words.back_up_now)).toBeEnabled({ timeout: 20_000 });
    const folder = join(shop.data, 'backups');
    const [name] = (await readdir(folder)).filter((name) => name.endsWith('.backup'));
    return join(folder, name);
}

test('a shop that was lost comes back from its backup, and the browser sends what that lacks', async ({ till, shop, noise }) => {
    noise.expect(AWAY);
    const { words, floor, api } = till;
    await till.enter('owner');
    await till.ready();
    const file = await backUp(till, shop);

    await till.go('/');
    await floor.card(6).press(words.start);
    await floor.start.start();
    await floor.card(6).press(words.order);
    await floor.order.add('Tea', 'Pepsi');
    await floor.order.save();
    await till.go('/sale');
    const sale = new Sale(till.page, words);
    await sale.add('Tea');
    await sale.sell();
    await till.stored();
    const station_id = await (await till.go('/'), floor.card(6).stationId());
    const before = await api.liveOn(station_id);
    const sales = await api.table('sale');

    await shop.kill9();
    for (const name of await readdir(shop.data)) {
        if (name.startsWith('shop.db')) await writeFile(join(shop.data, name), 'the disk has died '.repeat(1_000));
    }
    await expect(shop.start()).rejects.toThrow(/mikrodash restore/);
    expect(await mikrodash(shop, 'restore', file)).toContain('is back as it was');
    await shop.start();

    await till.linked('live', 30_000);
    await till.stored();
    await expect.poll(async () => (await api.table('sale')).length, { timeout: 20_000 }).toBe(sales.length);
    expect(await api.liveOn(station_id)).toMatchObject({ session_id: before.session_id, started_at: before.started_at, lines: before.lines });
    expect(await api.table('sale')).toEqual(sales);
    await till.reload();
    await floor.card(6).shows('playing');
    expect(await mikrodash(shop, 'audit', 'verify')).toContain('the log is whole');
});

test('an owner tries a backup out, takes it away, and hears of a second place', async ({ till, shop, another, noise }) => {
    noise.expect(/status of 422/); // the browser's word for the short passphrase
    const { words, page } = till;
    await till.enter('owner');
    const file = await backUp(till, shop);
    const row = page.locator('tr[data-name]');
    await row.getByRole('button', { name: words.backup_rehearse }).click();
    const rehearsal = page.locator('.rehearsal');
    await expect(rehearsal).toHaveAttribute('data-tone', 'ok', { timeout: 30_000 });
    const payments = rehearsal.locator('tr').filter({ hasText: words.rehearsal_payments }).locator('td');
    const [said, found] = await payments.allTextContents();
    expect(said).toBe(found);

    const [saved] = await Promise.all([page.waitForEvent('download'), row.getByRole('link', { name: words.backup_download }).click()]);
    expect(await readFile((await saved.path()) ?? '')).toEqual(await readFile(file));

    await till.field(words.backup_folder).fill('/no/such/disk');
    await till.button(words.save).click();
    await expect(page.getByText(words.defect_no_folder)).toBeVisible();
    await till.field(words.backup_folder).fill(shop.data);
    await till.button(words.save).click();
    await till.told(words.was_saved);
    await expect(page.getByText(words.backup_same_disk).first()).toBeVisible();

    await till.field(words.key_passphrase).fill('too short');
    await till.button(words.lock_key).click();
    await till.told(words.short_passphrase);
    await till.field(words.key_passphrase).fill('long enough for a key');
    await till.button(words.lock_key).click();
    await expect(page.getByText(words.backup_key_on)).toBeVisible();

    const other = await another();
    await other.enter('cashier', '/backup');
    await expect(other.page.getByText(words.for_owner)).toBeVisible();
    await expect(other.page.locator('a[href="/backup"]')).toHaveCount(0);
});

test('an owner finds in the log what somebody did, and takes it away as a file', async ({ till, another }) => {
    const { words, page } = till;
    const cashier = await another();
    await cashier.enter('cashier', '/sale');
    const sale = new Sale(cashier.page, cashier.words);
    await sale.add('Tea');
    await sale.sell();
    await cashier.stored();
    const me = (await cashier.api.staff()).find(({ role }) => role === 'cashier');

    await till.enter('owner', '/audit');
    const rows = page.locator('tr[data-seq]');
    await expect(rows).toHaveCount(50);
    await till.field(words.who).selectOption(me?.staff_id ?? '');
    await till.field(words.audit_group).selectOption('money');
    await expect(page).toHaveURL(/staff=.*group=money/);
    await expect(rows.first()).toContainText(words.was_sold);
    await expect(rows.first()).toContainText(me?.name ?? '');
    const n_rows = await rows.count();
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: words.audit_file }).click()]);
    const text = await readFile((await saved.path()) ?? '', 'utf8');
    expect(text.trim().split('\n').length).toBeGreaterThan(n_rows);
    expect(text).toContain(me?.name ?? 'nobody');

    await till.field(words.audit_text).fill('nothing is called like this');
    await till.field(words.audit_text).press('Enter');
    await expect(page.getByText(words.audit_none)).toBeVisible();
});

test('a backup that is too old is a red mark for the owner, until there is a newer one', async ({ till, shop, another }) => {
    const { words } = till;
    await till.enter('owner');
    await expect(till.page.locator('.rail-mark')).toHaveCount(0);
    const file = await backUp(till, shop);
    // The only backup there is becomes one of last week.
    const [head, manifest, ...rest] = splitLines(await readFile(file));
    const old = JSON.parse(manifest.toString());
    const at = Date.now() - 7 * 86_400_000;
    const text = Buffer.from(JSON.stringify({ ...old, made_at: at }) + '\n');
    await writeFile(file, Buffer.concat([head, Buffer.from('\n'), text, ...rest]));
    const later = await another();
    await later.enter('owner');
    await expect(later.page.locator('.rail-mark').first()).toBeVisible();
    await later.go('/backup');
    await expect(later.page.getByText(words.backup_is_late).first()).toBeVisible();
});

/** The first two lines of a file, and the rest. */
function splitLines(bytes: Buffer): Buffer[] {
    const first = bytes.indexOf('\n');
    const second = bytes.indexOf('\n', first + 1);
    return [bytes.subarray(0, first), bytes.subarray(first + 1, second), bytes.subarray(second + 1)];
}

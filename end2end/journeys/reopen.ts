import type { Id } from '../pages/api';
import { allow } from '../pages/staff';
import { orders, playCost, roundTo } from '../pages/sums';
import { expect, test, type Till } from '../pages/test';

test.use({ flags: ['--demo'] });

/** Ends what runs on the first station, and opens its bill in history. */
async function endFirst(till: Till): Promise<Id> {
    const { words, floor, api } = till;
    const { session_id } = await api.liveOn(await floor.card(1).stationId());
    await floor.card(1).press(words.order);
    await floor.order.add('Sting', 'Tea');
    await floor.order.save();
    await floor.card(1).press(words.bill);
    await floor.end.finish();
    await floor.receipt.opened(words.receipt);
    await till.stored();
    await till.go(`/history/${session_id}`);
    return session_id;
}

async function giveReason(till: Till, action: string, reason: string): Promise<void> {
    await till.dialog.getByLabel(till.words.reason).fill(reason);
    await till.dialog.getByRole('button', { name: action, exact: true }).click();
    await expect(till.dialog).toHaveCount(0);
}

test('a manager reopens a bill, voids a line and settles again', async ({ till }) => {
    const { words, page, api } = till;
    await till.enter('manager');
    const session_id = await endFirst(till);
    const before = await api.session(session_id);

    await till.button(words.reopen).click();
    await giveReason(till, words.reopen, 'The Sting went back');
    await expect(page.locator('.chip').first()).toContainText(words.open_bill);
    await till.button(`${words.void} Sting`).click();
    await giveReason(till, words.void, 'Not opened');
    await expect(page.locator('.trail')).toContainText('Not opened');

    await till.button(words.void_payment).click();
    await giveReason(till, words.void, 'Paid again');
    await expect(page.locator('.trail')).toContainText('Paid again');
    await page.locator('.bill-pay .btn-primary').click();
    await expect(page.locator('.chip').first()).toContainText(words.paid);
    await till.stored();

    const after = await api.session(session_id);
    const exact = playCost(after, after.ended?.at ?? 0) + orders(after);
    expect(orders(before) - orders(after)).toBe(2_000);
    expect(after.settlement?.total).toBe(roundTo(exact, 500));
    expect(after.reopened).toMatchObject([
        { settlement: { total: before.settlement?.total }, void: { reason: 'The Sting went back' } },
    ]);
    const valid = (after.payments ?? []).filter((payment) => !payment.void);
    expect(valid.map(({ amount }) => amount)).toEqual([roundTo(exact, 500)]);
    await expect(page.locator('.trail')).toContainText(words.was_reopened);
    await expect(page.locator('.trail')).toContainText(words.was_settled);
});

test('a manager lets play go on', async ({ till }) => {
    const { words, floor, api } = till;
    await till.enter('manager');
    const session_id = await endFirst(till);
    await till.button(words.play_on).click();
    await giveReason(till, words.play_on, 'They stayed');
    await till.stored();
    await till.go();
    await floor.card(1).shows('playing');
    const session = await api.session(session_id);
    expect(session.ended).toBeUndefined();
    expect(session.settlement).toBeUndefined();
});

test('a manager corrects the end of a reopened bill', async ({ till }) => {
    const { words, api } = till;
    await till.enter('manager');
    const session_id = await endFirst(till);
    const { started_at } = await api.session(session_id);
    await till.button(words.reopen).click();
    await giveReason(till, words.reopen, 'They left before');
    await till.button(words.edit_end).click();
    const end = new Date(started_at + 30 * 60_000);
    const [, hour, minute, half] = /(\d+):(\d+) (AM|PM)/.exec(
        end.toLocaleTimeString('en-US', { timeZone: 'Africa/Cairo' }).replace(/:\d+\s/, ' '),
    ) ?? [];
    await till.floor.sheet.pickTime({ hour: Number(hour), minute: Number(minute), isPm: half === 'PM' });
    await till.floor.sheet.action(words.save);
    await till.floor.sheet.gone();
    await expect(till.page.locator('.trail')).toContainText(words.end_edited);
    await till.stored();
    const { ended } = await api.session(session_id);
    expect(ended?.at).toBe(end.getTime() - (end.getTime() % 60_000));
});

test('a cashier opens a settled bill again when a manager allows it, and not before', async ({ till }) => {
    const { words, page } = till;
    await till.enter('cashier');
    await endFirst(till);
    await expect(page.locator('.trail')).toContainText(words.was_ended);
    await expect(till.button(words.receipt)).toBeVisible();
    await till.button(words.reopen).click();
    await till.dialog.getByLabel(words.reason).fill('Wrong order');
    await till.dialog.getByRole('button', { name: words.reopen, exact: true }).click();
    await expect(till.dialog.last()).toContainText(words.needs_approval);
    await page.keyboard.press('Escape');
    await expect(till.dialog).toHaveCount(0);
    await expect(page.locator('.trail')).not.toContainText(words.was_reopened);
    await till.button(words.reopen).click();
    await till.dialog.getByLabel(words.reason).fill('Wrong order');
    await till.dialog.getByRole('button', { name: words.reopen, exact: true }).click();
    await allow(till, 'منى', '2222');
    await expect(page.locator('.trail')).toContainText(words.was_reopened);
});

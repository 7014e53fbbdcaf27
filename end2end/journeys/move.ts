import { playCost } from '../pages/sums';
import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

test('a session moves with its rate, or takes the new one; busy stations are not offered', async ({ till }) => {
    const { words, floor, api } = till;
    await till.api.signIn('2222', 'manager');
    await till.go();
    const dearer = { single: 3_000, multi: 6_000 };
    await api.push([{ station_edited: { station_id: await floor.card(7).stationId(), changes: [{ rates: dearer }] } }]);
    const session_id = (await api.liveOn(await floor.card(1).stationId())).session_id;
    await expect(floor.card(7).root).toContainText('30 / 60');

    await floor.act(1, words.move_station);
    await expect(floor.sheet.root.locator('.choice b')).toHaveText(['PS 6', 'PS 7']);
    await floor.session.target('PS 6').click();
    await floor.sheet.gone();
    await floor.card(1).shows('free');
    await floor.card(6).shows('playing');
    await till.stored();
    const kept = await api.session(session_id);
    expect(kept.station_id).toBe(await floor.card(6).stationId());
    expect(kept.segments.map(({ rate }) => rate)).toEqual([2_000]);

    await floor.act(6, words.move_station);
    await expect(floor.sheet.root.locator('.choice b')).toHaveText(['PS 1', 'PS 7']);
    await floor.sheet.action(words.new_rate);
    await floor.session.target('PS 7').click();
    await floor.sheet.gone();
    await floor.card(7).shows('playing');
    await till.stored();
    const taken = await api.session(session_id);
    expect(taken.segments.map(({ rate }) => rate)).toEqual([2_000, 3_000]);
    expect(taken.rates).toEqual(dearer);

    await floor.card(7).press(words.bill);
    await floor.end.action(words.exact);
    await floor.end.finish();
    await floor.receipt.opened(words.receipt);
    await till.stored();
    const ended = await api.session(session_id);
    expect(ended.settlement?.parts.play).toBe(playCost(ended, ended.ended?.at ?? 0));
});

test('a move is undone by its toast', async ({ till }) => {
    const { words, floor } = till;
    await till.enter('cashier');
    await floor.act(1, words.move_station);
    await floor.session.target('PS 6').click();
    await floor.card(6).shows('playing');
    await till.toasts.getByRole('button', { name: words.undo }).click();
    await floor.card(1).shows('playing');
    await floor.card(6).shows('free');
});

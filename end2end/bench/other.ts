import { Eyes, play } from '../pages/eyes';
import { row, spread } from '../pages/table';
import { test } from '../pages/test';

test.use({ flags: ['--demo'] });

const N_CHANGES = 40;

test('another device sees it', async ({ till, another, page }) => {
    const { words } = till;
    const other = await another();
    const [eyes, others] = [await Eyes.open(page), await Eyes.open(other.page)];
    await till.enter('cashier');
    await other.enter('manager');
    const card = await play(till, 6);
    await other.floor.card(6).shows('playing');
    const selector = `article[data-station="${await card.stationId()}"]`;
    const took: number[] = [];
    for (let n = 0; n < N_CHANGES; n++) {
        await till.stored();
        await other.live();
        const [word, value] = n % 2 === 0 ? [words.pause, 'paused'] : [words.resume, 'playing'];
        const change = { selector, attribute: 'data-state', value };
        await eyes.watch(change);
        await others.watch(change);
        await card.press(word);
        const [{ tapped_at }, { shown_at }] = [await eyes.seen(), await others.seen()];
        took.push(shown_at - tapped_at);
    }
    row('tap -> on the screen of another device', spread(took), '< 300 ms p95');
});

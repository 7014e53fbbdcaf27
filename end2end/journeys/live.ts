import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

const N_TAPS = 20;

test('a tap at one till shows at the other', async ({ till, another }, info) => {
    const other = await another();
    await till.enter('cashier');
    await other.enter('manager');
    const took: number[] = [];
    for (let n = 0; n < N_TAPS; n++) {
        const state = n % 2 === 0 ? 'paused' : 'playing';
        // Both pages read the same clock, so one can time the other.
        const seen = other.page.evaluate(
            (state) =>
                new Promise<number>((done) => {
                    const card = document.querySelector('article.station')!;
                    const look = () => {
                        if (card.getAttribute('data-state') !== state) return;
                        watcher.disconnect();
                        done(performance.timeOrigin + performance.now());
                    };
                    const watcher = new MutationObserver(look);
                    watcher.observe(card, { attributes: true });
                    look();
                }),
            state,
        );
        const tapped = await till.page.evaluate(() => {
            const button = document.querySelectorAll<HTMLElement>('article.station .station-acts button')[1];
            const at = performance.timeOrigin + performance.now();
            button.click();
            return at;
        });
        took.push((await seen) - tapped);
        await till.floor.card(1).shows(state);
    }
    took.sort((a, b) => a - b);
    const share = (part: number) => `${took[Math.ceil(took.length * part) - 1].toFixed(0)} ms`;
    const said = `p50 ${share(0.5)}, p95 ${share(0.95)} over ${N_TAPS} taps`;
    info.annotations.push({ type: 'tap to other till', description: said });
    console.log(`    a tap shows at the other till: ${said}`);
});

test('what one till ends or orders, the other sees without a touch', async ({ till, another }) => {
    const { words, floor } = till;
    const other = await another({ language: 'ar' });
    await till.enter('cashier');
    await other.enter('owner');

    await floor.card(6).press(words.start);
    await floor.start.start();
    await other.floor.card(6).shows('playing');
    await floor.card(6).press(words.order);
    await floor.order.add('Tea', 'Tea');
    await floor.order.save();
    await expect(other.floor.card(6).root.locator('.orders')).toContainText('2');

    await other.floor.card(6).press(other.words.bill);
    await other.floor.end.finish();
    await other.floor.receipt.opened(other.words.receipt);
    await floor.card(6).shows('free');
});

test('a sheet closes when somebody else has ended its session', async ({ till, another }) => {
    const { words, floor } = till;
    const other = await another();
    await till.enter('cashier');
    await other.enter('owner');
    await other.floor.card(1).open();
    await other.floor.session.opened('PS 1');

    await floor.card(1).press(words.bill);
    await floor.end.finish();
    await other.floor.sheet.gone();
    await other.floor.card(1).shows('free');
});

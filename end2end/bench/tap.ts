import { Eyes, onDisk, onScreen, play, pressPause, type Seen } from '../pages/eyes';
import { Sale } from '../pages/sale';
import { ratio, row, spread } from '../pages/table';
import { test } from '../pages/test';

test.use({ flags: ['--demo'] });

const N_TAPS = 60;

const inNextFrame = (seen: Seen[]) => `${seen.filter(({ n_frames }) => n_frames <= 1).length} of ${seen.length}`;

test('a tap on the floor: on the screen, and on the disk', async ({ till, page }) => {
    const eyes = await Eyes.open(page);
    await till.enter('cashier');
    const { seen, bare } = await pressPause(till, eyes, await play(till, 6), N_TAPS);
    row('tap -> on screen (pause)', spread(onScreen(seen)), 'same frame (16 ms)');
    row('  shown in the next frame', inNextFrame(seen));
    const tapped: number[] = [];
    for (let n = 0; n < N_TAPS; n++) tapped.push(await eyes.putBareOnTap(page.getByRole('heading', { level: 1 })));
    const durable = onDisk(seen);
    const outbox = seen.map(({ written }) => written!.done_at - written!.began_at);
    row('tap -> durable (pause)', spread(durable));
    row("  the outbox's transaction alone", spread(outbox));
    row('  a bare strict put, same run', spread(bare));
    row('  a bare strict put, begun by a tap', spread(tapped));
    row('  tap -> durable / bare put', ratio(durable, bare), 'p95 within 3x');
    row('  tap -> durable / bare put by a tap', ratio(durable, tapped));
});

test('a tap that records nothing: one more in the basket', async ({ till, page }) => {
    const eyes = await Eyes.open(page);
    await till.enter('cashier', '/sale');
    await till.live();
    const sale = new Sale(page, till.words);
    await sale.add('Tea');
    const more = sale.line('Tea').getByRole('button', { name: till.words.more_of_it });
    const seen: Seen[] = [];
    for (let n = 0; n < N_TAPS; n++) {
        await eyes.watch({ selector: '.cart .line output', value: String(n + 2) });
        await more.click();
        seen.push(await eyes.seen());
    }
    row('tap -> on screen (one more in the basket)', spread(onScreen(seen)), 'same frame (16 ms)');
    row('  shown in the next frame', inNextFrame(seen));
});

import { openOffline, play, ready } from '../pages/eyes';
import { median, row } from '../pages/table';
import { AWAY, test, Till } from '../pages/test';

test.use({ flags: ['--demo'] });

const N_STARTS = 5;

test('the floor opens with no server', async ({ till, shop, noise, context, language }) => {
    noise.expect(AWAY);
    await till.enter('cashier');
    await play(till, 6);
    await ready(till);
    await shop.kill9();
    await till.page.close();
    for (const [slower, target] of [[1, '< 1 s'], [4, '< 2.5 s']] as const) {
        const took: number[] = [];
        for (let n = 0; n < N_STARTS; n++) took.push(await openOffline(context, slower));
        row(`cold offline start -> usable floor${slower > 1 ? ` (${slower}x slower)` : ''}`, median(took), target);
    }
    const later = new Till(await context.newPage(), language);
    await later.go();
    await later.floor.card(6).press(later.words.pause);
    await later.floor.card(6).shows('paused');
    await shop.start();
});

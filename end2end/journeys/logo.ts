// The picture on printed cards: chosen, seen on paper, refused where it is none, and taken away.

import { crc32, deflateSync } from 'node:zlib';
import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

/** A picture of one colour. */
function png(width: number, height: number): Buffer {
    const part = (name: string, body: Buffer) => {
        const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
        const named = Buffer.concat([Buffer.from(name), body]);
        length.writeUInt32BE(body.length);
        sum.writeUInt32BE(crc32(named));
        return Buffer.concat([length, named, sum]);
    };
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 2, 0, 0, 0], 8);
    const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 160)]);
    const pixels = deflateSync(Buffer.concat(Array<Buffer>(height).fill(line)));
    const signature = Buffer.from('89504e470d0a1a0a', 'hex');
    return Buffer.concat([signature, part('IHDR', head), part('IDAT', pixels), part('IEND', Buffer.alloc(0))]);
}

test('a logo is chosen, stands on every card, and is taken away', async ({ till, noise }) => {
    const { words, page } = till;
    noise.expect(/422/);
    await till.enter('owner', '/settings');
    const [field, shown] = [till.page.getByLabel(words.logo), page.locator('.logo img')];
    const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'image/png', buffer });
    await field.setInputFiles(file('page.png', Buffer.from('<svg/>')));
    await expect(page.locator('.notice').filter({ hasText: words.logo_no_picture })).toBeVisible();
    await field.setInputFiles(file('half.png', png(60, 40).subarray(0, 60)));
    await expect(page.locator('.notice').filter({ hasText: words.logo_broken })).toBeVisible();
    await expect(shown).toHaveCount(0);
    await field.setInputFiles(file('logo.png', png(60, 40)));
    await till.told(words.was_saved);
    const width = () => shown.evaluate((image: HTMLImageElement) => image.naturalWidth);
    await expect.poll(width).toBe(60);

    const [{ batch_id }] = await till.api.table<{ batch_id: string }>('batch');
    await till.go(`/vouchers/print?batch=${batch_id}`);
    await page.getByLabel(words.only_new).uncheck();
    const [tickets, logos] = [page.locator('.ticket'), page.locator('.ticket header img')];
    await expect(tickets.first()).toBeVisible();
    expect(await logos.count()).toBe(await tickets.count());
    expect(await logos.first().evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(60);

    await till.go('/settings');
    await till.button(words.remove_logo).click();
    await expect(shown).toHaveCount(0);
    await till.toasts.getByRole('button', { name: words.undo }).click();
    await expect.poll(width).toBe(60);
});

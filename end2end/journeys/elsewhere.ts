// The way to the shop is gone, and the shop is not: a page goes on at another of its addresses.

import { hostname } from 'node:os';
import { writeFile } from 'node:fs/promises';
import { Login } from '../pages/door';
import { Line } from '../pages/line';
import { NAME, Phone } from '../pages/phone';
import { knows } from '../pages/standby';
import { expect, test, Till } from '../pages/test';

test.use({ flags: ['--demo'] });

test('a phone that does not find the shop by its name any more goes on by another, without a reload', async ({ shop, till, language, launchOptions, request }, info) => {
    test.setTimeout(90_000);
    const [other] = hostname().toLowerCase().split('.');
    const line = await Line.open(shop, shop.tlsPort);
    const ways = [`${NAME}:${shop.tlsPort} 127.0.0.1:${line.port}`, `${other} 127.0.0.1`, `${other}.local 127.0.0.1`];
    const phone = await Phone.make(launchOptions, { viewport: { width: 390, height: 844 } }, ways);
    try {
        const authority = info.outputPath('mikrodash.crt');
        await writeFile(authority, await (await request.get(`${shop.url}/install/mikrodash.crt`)).body());
        phone.trust(authority);
        const page = (await phone.open()).pages()[0];
        const away = new Till(page, language);
        const { words, floor } = away;
        await page.context().addCookies([{ name: 'language', value: language, url: `https://${NAME}` }]);
        await page.goto(`https://${NAME}:${shop.tlsPort}/`);
        await away.alive();
        const login = new Login(page, words);
        await login.pick('هاني');
        await login.pin('1111');
        await away.live();
        await away.ready();
        const asked = (name: string) => page.waitForResponse((answer) => answer.url().includes(`//${name}`) && answer.url().endsWith('/api/push'));
        const loadedAt = () => page.evaluate(() => performance.timeOrigin);
        const before = await loadedAt();
        await knows(away, `https://${other}:${shop.tlsPort}`);

        line.cut();
        const there = asked(other);
        await floor.card(6).press(words.start);
        await floor.start.start();
        expect((await there).status()).toBe(200);
        await away.linked('live', 30_000);
        await away.stored();
        await till.enter('owner');
        await till.floor.card(6).shows('playing');
        await till.floor.card(6).press(words.pause);
        await floor.card(6).shows('paused');

        const isBack = page.waitForResponse((answer) => answer.url().includes(`//${NAME}`) && answer.url().endsWith('/api/pull'));
        line.mend();
        await isBack;
        const back = asked(NAME);
        await floor.card(6).press(words.resume);
        expect((await back).status()).toBe(200);
        await till.floor.card(6).shows('playing');
        expect(await loadedAt()).toBe(before);
    } finally {
        await phone.forget();
        line.close();
    }
});

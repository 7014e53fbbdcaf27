import { join } from 'node:path';
import { Login } from '../pages/door';
import { NAME, Phone } from '../pages/phone';
import { expect, test, Till } from '../pages/test';

const AGENT = 'Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';

test.describe('a new phone', () => {
    test.use({ flags: ['--demo'] });

    test('is shown how to trust the shop, trusts it, and opens the app that has a worker', async ({ shop, language, launchOptions }, info) => {
        test.setTimeout(90_000);
        const phone = await Phone.make(launchOptions, { viewport: { width: 390, height: 844 }, userAgent: AGENT, hasTouch: true });
        try {
            const secure = `https://${NAME}:${shop.tlsPort}`;
            const before = new Till((await phone.open()).pages()[0], language);
            const { page, words } = before;
            const chosen = [{ name: 'language', value: language, url: `http://${NAME}` }];
            await page.context().addCookies(chosen);
            await page.goto(`http://${NAME}:${shop.port}/history`);
            await expect(page).toHaveURL(`http://${NAME}:${shop.port}/install?to=%2Fhistory`);
            await expect(page.getByText(words.install_waiting)).toBeVisible();
            await expect(page.getByText(words.install_trusted)).toBeHidden();
            // Its own kind of phone is open, the others are folded.
            await expect(page.locator('.install-way[open] > summary')).toHaveText(words.install_android);
            const [download] = await Promise.all([
                page.waitForEvent('download'),
                page.getByRole('link', { name: words.install_take, exact: true }).first().click(),
            ]);
            const authority = join(info.outputDir, download.suggestedFilename());
            await download.saveAs(authority);
            expect(download.suggestedFilename()).toBe('mikrodash.crt');
            const refused = await page.goto(secure).catch((error: Error) => error.message);
            expect(refused).toContain('ERR_CERT_AUTHORITY_INVALID');
            await phone.close();

            phone.trust(authority);
            const after = new Till((await phone.open()).pages()[0], language);
            await after.page.context().addCookies(chosen);
            await after.page.goto(`http://${NAME}:${shop.port}/tasks`);
            await expect(after.page.getByText(words.install_trusted)).toBeVisible({ timeout: 15_000 });
            await expect(after.page.getByText(words.install_waiting)).toBeHidden();
            await after.page.getByRole('link', { name: words.install_open }).click();
            await expect(after.page).toHaveURL(`${secure}/tasks`);
            await after.alive();
            const login = new Login(after.page, words);
            await login.pick('هاني');
            await login.pin('1111');
            await after.live();
            const worker = await after.page.evaluate(async () => {
                const { active } = await navigator.serviceWorker.ready;
                return { isSecureContext, script: active?.scriptURL };
            });
            expect(worker).toEqual({ isSecureContext: true, script: `${secure}/sw.js` });
            const cookies = await after.page.context().cookies(secure);
            expect(cookies.find(({ name }) => name === 'mikrodash_login')).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Strict' });
            const protocols = await after.page.evaluate(() => {
                const entries = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
                return entries.map(({ nextHopProtocol }) => nextHopProtocol);
            });
            expect(protocols).toEqual(['h2']);
            // And a page that is there when the shop is not.
            await shop.stop();
            await after.page.goto(`${secure}/sale`);
            await expect(after.page.getByRole('heading', { level: 1 })).toHaveText(words.sale);
            await shop.start();
        } finally {
            await phone.forget();
        }
    });

    test('that has not been there before records nothing over plain http', async ({ shop, till }) => {
        const host = `${NAME}:${shop.port}`;
        const answer = await till.page.request.post(`${shop.url}/api/open_page`, { data: {}, headers: { host } });
        expect(answer.status()).toBe(403);
        expect(await answer.json()).toBe('not_secure');
    });
});

test('the counter is told how to open to phones, and then shows them a code', async ({ till, shop }) => {
    const { page, words } = till;
    await till.go('/install');
    await expect(page.getByText(words.install_closed)).toBeVisible();
    await expect(page.locator('.install-code')).toHaveCount(0);
    shop.flags.push('--address', '0.0.0.0');
    await shop.restart();
    await till.go('/install');
    await expect(page.locator('.install-code svg')).toBeVisible();
    await expect(page.locator('.install-links code').first()).toHaveText(new RegExp(`^http://\\S+:${shop.port}/install$`));
});

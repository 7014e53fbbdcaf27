// What every journey begins with: a shop, a device in front of it, and an ear for what the browser complains about.

import { expect, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from '@playwright/test';
import { Api, type Role } from './api';
import { field, Floor } from './floor';
import { Line } from './line';
import { test as withShop, type Server } from './server';
import { SyncSheet } from './sync';
import { words, type Language, type Words } from './words';

export type Theme = 'dark' | 'light';
type Looks = { language: Language; theme: Theme };
/** In front of which server a browser is, and how large it is. */
type Place = { at: Server; viewport: BrowserContextOptions['viewport'] };

const PINS: Record<Role, string> = { owner: '1111', manager: '2222', cashier: '3333' };

/** What browsers complain about while the shop is out of their reach. */
export const AWAY = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED|ERR_FAILED/;

/** How long a device may take to find out that the shop is there again: its stream tries every few seconds. */
const FOUND_MS_MAX = 15_000;

/** What browsers complained about. A journey that provokes a complaint says so beforehand. */
export class Noise {
    private readonly heard: string[] = [];
    private readonly expected: RegExp[] = [];

    expect(...complaints: RegExp[]): void {
        this.expected.push(...complaints);
    }

    listen(context: BrowserContext): void {
        context.on('console', (message) => {
            if (message.type() === 'error') this.heard.push(`${message.text()} (${message.location().url})`);
        });
        context.on('weberror', (error) => this.heard.push(String(error.error())));
    }

    get unexpected(): string[] {
        return this.heard.filter((complaint) => !this.expected.some((pattern) => pattern.test(complaint)));
    }
}

/** One browser in front of the shop. */
export class Till {
    readonly api: Api;
    readonly words: Words;
    readonly floor: Floor;
    readonly sync: SyncSheet;

    constructor(readonly page: Page, readonly language: Language) {
        this.api = new Api(page.request);
        this.words = words[language];
        this.floor = new Floor(page, this.words);
        this.sync = new SyncSheet(page, this.words);
    }

    /** Opens an address, and waits until the page can be used. */
    async go(path = '/'): Promise<void> {
        await this.page.goto(path);
        await this.alive();
    }

    async alive(): Promise<void> {
        await expect(this.page.locator('html')).toHaveAttribute('data-alive', /./);
    }

    async reload(): Promise<void> {
        await this.page.reload();
        await this.alive();
    }

    /** Signs somebody of the demo shop in, behind the screens, and opens a page. */
    async enter(role: Role, path = '/'): Promise<void> {
        await this.api.signIn(PINS[role], role);
        await this.go(path);
        if (path === '/') await this.live();
    }

    /** Waits until the page hears the server. */
    async live(): Promise<void> {
        await expect(this.page.locator('.badge [role=status]')).toHaveText(this.words.live);
    }

    /** Waits until everything that was done here is stored. */
    async stored(): Promise<void> {
        await expect(this.page.locator('.badge [role=status]')).not.toContainText(this.words.waiting);
        await this.live();
    }

    /** Waits until the device can open without its server. */
    async ready(): Promise<void> {
        await this.page.evaluate(async () => {
            await navigator.serviceWorker.ready;
        });
        await this.stored();
    }

    /** Waits until the page knows how it stands with the server. */
    async linked(link: 'live' | 'standby' | 'syncing' | 'offline' | 'error' | 'signedout', timeout = FOUND_MS_MAX): Promise<void> {
        await expect(this.page.locator('.badge')).toHaveAttribute('data-link', link, { timeout });
    }

    /** Waits until a toast says something. */
    async told(...texts: string[]): Promise<void> {
        for (const text of texts) await expect(this.page.locator('.toast').filter({ hasText: text }).first()).toBeVisible();
    }

    get dialog() {
        return this.page.getByRole('dialog');
    }

    get toasts() {
        return this.page.locator('.toasts');
    }

    button(name: string) {
        return this.page.getByRole('button', { name, exact: true });
    }

    field(name: string) {
        return field(this.page, name);
    }
}

/** A browser whose line to the shop can be cut. */
export class FarTill extends Till {
    constructor(page: Page, language: Language, private readonly line: Line) {
        super(page, language);
    }

    async leave(): Promise<void> {
        this.line.cut();
        await this.linked('offline');
    }

    /** The line is there again. */
    mend(): void {
        this.line.mend();
    }

    /** Waits until everything that was done meanwhile is stored. */
    async comeBack(): Promise<void> {
        this.mend();
        await this.linked('live');
    }
}

type Fixtures = Looks & {
    noise: Noise;
    till: Till;
    another: (looks?: Partial<Looks & Place>) => Promise<Till>;
    far: () => Promise<FarTill>;
};

export const test = withShop.extend<Fixtures>({
    /** The language of the device. */
    language: ['en', { option: true }],
    /** Its colours. */
    theme: ['dark', { option: true }],

    noise: async ({}, use) => {
        const noise = new Noise();
        await use(noise);
        expect(noise.unexpected, 'what the browser complained about').toEqual([]);
    },

    context: async ({ context, language, theme, noise, shop }, use) => {
        await dress(context, shop, { language, theme }, noise);
        await use(context);
    },

    till: async ({ page, language }, use) => {
        await use(new Till(page, language));
    },

    /** Opens more browsers in front of the same shop, or of another server. */
    another: async ({ browser, language, theme, noise, shop }, use) => {
        const contexts: BrowserContext[] = [];
        await use(async (looks) => {
            const { at, viewport, ...worn } = { language, theme, at: shop, viewport: undefined, ...looks };
            const context = await open(browser, at.url, viewport);
            contexts.push(context);
            await dress(context, at, worn, noise);
            return new Till(await context.newPage(), worn.language);
        });
        for (const context of contexts) await context.close();
    },

    /** Opens browsers whose line to the shop can be cut. */
    far: async ({ browser, language, theme, noise, shop }, use) => {
        const opened: [BrowserContext, Line][] = [];
        // The browser also looks for a newer worker, whenever it likes.
        noise.expect(AWAY, /error occurred when fetching the script/);
        await use(async () => {
            const line = await Line.open(shop);
            const context = await open(browser, line.url);
            opened.push([context, line]);
            await dress(context, shop, { language, theme }, noise);
            return new FarTill(await context.newPage(), language, line);
        });
        for (const [context, line] of opened) {
            await context.close();
            line.close();
        }
    },
});

function open(browser: Browser, baseURL: string, viewport?: Place['viewport']): Promise<BrowserContext> {
    return browser.newContext({ baseURL, ...(viewport && { viewport }) });
}

async function dress(context: BrowserContext, shop: Server, { language, theme }: Looks, noise: Noise): Promise<void> {
    noise.listen(context);
    await context.addCookies([
        { name: 'language', value: language, url: shop.url },
        { name: 'theme', value: theme, url: shop.url },
    ]);
}

export { expect };

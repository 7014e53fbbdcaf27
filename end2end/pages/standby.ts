// The other server: a process of its own that begins empty, and the page on which an owner sees how the two stand.

import { expect, type Locator } from '@playwright/test';
import { field } from './floor';
import { during, Server } from './server';
import { test as withShop, type Till } from './test';

/** What the standby is started with, and what the shop shows there. */
export const KEY = 'a key that nobody guesses';
/** The password of everyone in the demo shop. */
export const PASSWORD = 'playstation';

/** How long the two servers may take until they have told each other everything, and find each other again. */
const TOLD_MS_MAX = 30_000;

/** How the two servers stand with each other, as one of them says it. */
export type View = {
    is_standby: boolean;
    address: string;
    is_paired: boolean;
    cursor: number;
    filling: number | null;
    n_held: number;
    line: { up_since: number | null; kept: number | null; trouble: unknown };
};

/** The page /standby. */
export class StandbyPage {
    constructor(private readonly till: Till) {}

    async open(): Promise<void> {
        await this.till.go('/standby');
    }

    /** Whether this is the shop or its standby, and how the line is. */
    get line(): Locator {
        return this.till.page.locator('.line-card');
    }

    /** What is typed on the other machine. */
    get command(): Locator {
        return this.till.page.locator('.line-steps .commands');
    }

    private card(title: string): Locator {
        const { page } = this.till;
        return page.locator('section.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
    }

    /** Waits until the page says how the line is. */
    async says(state: string): Promise<void> {
        await expect(this.line.getByRole('status')).toHaveText(state, { timeout: TOLD_MS_MAX });
    }

    /** Waits until the page says which of the two this server is. */
    async is(which: string): Promise<void> {
        await expect(this.line.getByRole('heading')).toHaveText(which, { timeout: TOLD_MS_MAX });
    }

    async drawKey(): Promise<string> {
        const { till } = this;
        await till.button(till.words.standby_draw_key).click();
        await expect(this.command).toBeVisible();
        return till.field(till.words.standby_key).inputValue();
    }

    async set(address: string, key: string, password = PASSWORD): Promise<void> {
        const { words } = this.till;
        const card = this.card(words.standby_setting);
        await field(card, words.standby_address).fill(address);
        await field(card, words.standby_key).fill(key);
        await card.getByLabel(words.your_password).fill(password);
        await card.getByRole('button', { name: words.save, exact: true }).click();
    }

    /** Has this server give its place to the other one. */
    async handOver(password: string): Promise<void> {
        const { words } = this.till;
        const card = this.card(words.hand_over);
        await card.getByLabel(words.your_password).fill(password);
        await card.getByRole('button', { name: words.hand_over_do, exact: true }).click();
    }

    /** Has this server take the place of the one that is gone. */
    async promote(name: string, password: string, word = this.till.words.promote_do): Promise<void> {
        const { page, words } = this.till;
        const button = page.getByRole('button', { name: word, exact: true });
        const card = page.locator('section.card').filter({ has: button });
        await field(card, words.promote_name).fill(name);
        await card.getByLabel(words.your_password).fill(password);
        await button.click();
    }
}

/** How the two servers stand, behind the screens. */
export function view(till: Till): Promise<View> {
    return till.api.call<View>('standby');
}

/** Waits until the two servers have each other's all: asked where an owner is, at the shop. */
export async function together(till: Till): Promise<void> {
    const rest = async () => {
        const { line, cursor, n_held } = await view(till);
        return { isUp: line.up_since !== null, lacks: cursor - (line.kept ?? 0), n_held };
    };
    await expect.poll(rest, { timeout: TOLD_MS_MAX }).toEqual({ isUp: true, lacks: 0, n_held: 0 });
}

/** An owner signs in at the shop and gives it its standby, behind the screens. */
export async function pair(till: Till, standby: Server): Promise<void> {
    await till.api.signIn('1111', 'owner');
    await till.api.call('set_standby', { password: PASSWORD, address: standby.url, key: KEY, trusted: null });
    await together(till);
}

/** Waits until a device knows that it finds the shop, or its standby, elsewhere, and has what opens it there: that. */
export async function knows(till: Till, origin: string): Promise<string> {
    const pass = () =>
        till.page.evaluate(async () => {
            const result = <T>(request: IDBRequest<T>) =>
                new Promise<T>((done, fail) => {
                    request.onsuccess = () => done(request.result);
                    request.onerror = () => fail(request.error);
                });
            const database = await result(indexedDB.open('mikrodash-cache'));
            const head = await result(database.transaction('meta').objectStore('meta').get('head'));
            database.close();
            return JSON.parse(head ?? '{}').pass as { origins: string[]; token: string } | undefined;
        });
    await expect.poll(async () => (await pass())?.origins ?? [], { timeout: TOLD_MS_MAX }).toContain(origin);
    return (await pass())!.token;
}

/** Waits until a device has what opens the standby, for when the shop does not answer, and the standby has heard of it. */
export async function prepared(till: Till, standby: Server): Promise<void> {
    await till.stored();
    const letsIn = async () => {
        const authorization = `Bearer ${await knows(till, standby.url)}`;
        const listening = new AbortController();
        const answer = await fetch(`${standby.url}/api/feed`, { headers: { authorization }, signal: listening.signal });
        listening.abort();
        return answer.status;
    };
    await expect.poll(letsIn, { timeout: TOLD_MS_MAX }).toBe(200);
}

/** Waits until a page of the shop's goes on at the standby, and says that the shop is away. */
export async function goesOn(till: Till): Promise<void> {
    await till.linked('standby', TOLD_MS_MAX);
    await missesShop(till);
}

/** Waits until a page says that the shop is away. */
export async function missesShop({ page, words }: Till): Promise<void> {
    await expect(page.locator('.badge')).toContainText(words.shop_away.split('{n}')[0], { timeout: TOLD_MS_MAX });
}

/** Waits until a page of the standby's says no more that the shop is away. */
export async function hearsShop({ page, words }: Till): Promise<void> {
    await expect(page.locator('.badge')).not.toContainText(words.shop_away.split('{n}')[0], { timeout: TOLD_MS_MAX });
}

/** Waits until a page hears the shop again. */
export async function isBack(till: Till): Promise<void> {
    await till.linked('live', TOLD_MS_MAX);
    await till.stored();
}

type Fixtures = { standby: Server };

export const test = withShop.extend<Fixtures>({
    /**
     * An empty standby, at another name than the shop, so that no cookie of the one goes to the other. It is there before
     * every browser, and ends after them.
     */
    standby: [
        async ({}, use, info) => {
            const standby = await Server.open(['--standby', '--shop-token', KEY], 'localhost');
            await during(standby, 'standby', info, use);
        },
        { auto: true },
    ],
});

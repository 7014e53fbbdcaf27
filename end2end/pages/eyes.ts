// Watches a page from within, by the page's own clock: a tap, the frame that shows what came of it, and the disk that
// has it. With it, what a bench needs of a till while its server is away.

import { expect, type BrowserContext, type Locator, type Page } from '@playwright/test';
import type { Card } from './floor';
import type { Till } from './test';

/** About as long as an operation in the outbox. */
const OP_CHARS = 500;

/** What a page is to show: the text of an element, or an attribute of it. */
export type Change = { selector: string; attribute?: string; value: string };

/** What was seen, in milliseconds of a clock that all pages share. */
export type Seen = {
    /** When the page was tapped last: the browser's own time of the event, before anybody heard of it. */
    tapped_at: number;
    /** When the frame that shows the change was painted. */
    shown_at: number;
    /** Which frame after the tap that was; 1 is the next. */
    n_frames: number;
    /** The first transaction of the outbox that began after the tap. */
    written?: { began_at: number; done_at: number };
};

/** From the tap to the painted frame. */
export const onScreen = (seen: Seen[]): number[] => seen.map(({ tapped_at, shown_at }) => shown_at - tapped_at);

/** From the tap to the end of the outbox's transaction. */
export const onDisk = (seen: Seen[]): number[] => seen.map(({ tapped_at, written }) => (written?.done_at ?? NaN) - tapped_at);

type Watcher = {
    watch: (change: Change) => void;
    seen: () => Promise<Seen>;
    putBare: (text: string) => Promise<number>;
    putBareOnTap: (text: string) => void;
    putOnTap: () => Promise<number>;
    rest: () => Promise<number>;
    usable: Promise<number>;
};

declare global {
    interface Window {
        eyes: Watcher;
    }
}

export class Eyes {
    private constructor(readonly page: Page) {}

    /** Watches the page from the next address on that it opens. */
    static async open(page: Page): Promise<Eyes> {
        await page.addInitScript(install);
        return new Eyes(page);
    }

    /** Looks out for a change that is to come. */
    async watch(change: Change): Promise<void> {
        await this.page.evaluate((change) => window.eyes.watch(change), change);
    }

    async seen(): Promise<Seen> {
        return this.page.evaluate(() => window.eyes.seen());
    }

    /** How long it takes to put as much as an operation on the disk, in a transaction with nothing else in it. */
    async putBare(): Promise<number> {
        return this.page.evaluate((text) => window.eyes.putBare(text), 'x'.repeat(OP_CHARS));
    }

    /** The same from a tap on: on something that a tap does nothing to. Browsers paint before they go on after a tap. */
    async putBareOnTap(what: Locator): Promise<number> {
        await this.page.evaluate((text) => window.eyes.putBareOnTap(text), 'x'.repeat(OP_CHARS));
        await what.click();
        return this.page.evaluate(() => window.eyes.putOnTap());
    }

    /** When everything was sent and stored for good: the badge says so, and the outbox is left alone for a while. */
    async rest(): Promise<number> {
        return this.page.evaluate(() => window.eyes.rest());
    }

    /** When the floor could be used, after the page was asked for. */
    async usable(): Promise<number> {
        return this.page.evaluate(() => window.eyes.usable);
    }
}

/** Pauses and resumes the session of a card, each time when the time before is stored, and hands back what was seen. */
export async function pressPause(till: Till, eyes: Eyes, card: Card, n_taps: number): Promise<{ seen: Seen[]; bare: number[] }> {
    const { words } = till;
    const selector = `article[data-station="${await card.stationId()}"]`;
    const [seen, bare]: [Seen[], number[]] = [[], []];
    for (let n = 0; n < n_taps; n++) {
        await till.stored();
        bare.push(await eyes.putBare());
        const [word, value] = n % 2 === 0 ? [words.pause, 'paused'] : [words.resume, 'playing'];
        await eyes.watch({ selector, attribute: 'data-state', value });
        await card.press(word);
        seen.push(await eyes.seen());
    }
    await till.stored();
    return { seen, bare };
}

/** Starts a session on a free station, with no timer that could change what its card says. */
export async function play(till: Till, place: number): Promise<Card> {
    const card = till.floor.card(place);
    await card.press(till.words.start);
    await till.floor.start.start();
    await card.shows('playing');
    await till.stored();
    return card;
}

/** Waits until the device can open without its server: it has the worker, and the rows. Hands back the moment. */
export async function ready(till: Till): Promise<number> {
    await till.stored();
    return till.page.evaluate(async () => {
        await navigator.serviceWorker.ready;
        const result = <T>(request: IDBRequest<T>) =>
            new Promise<T>((done, fail) => {
                request.onsuccess = () => done(request.result);
                request.onerror = () => fail(request.error);
            });
        const database = await result(indexedDB.open('mikrodash-cache'));
        const read = async () => JSON.parse((await result(database.transaction('meta').objectStore('meta').get('head'))) ?? '{}');
        while (!(await read()).position) await new Promise((done) => setTimeout(done, 10));
        database.close();
        return performance.timeOrigin + performance.now();
    });
}

/** Opens a page with no server and no worker awake, and tells how long it took until the floor could be used. */
export async function openOffline(context: BrowserContext, slower = 1): Promise<number> {
    const page = await context.newPage();
    const browser = await context.newCDPSession(page);
    await browser.send('ServiceWorker.enable');
    await browser.send('ServiceWorker.stopAllWorkers');
    await browser.send('Emulation.setCPUThrottlingRate', { rate: slower });
    const eyes = await Eyes.open(page);
    await page.goto('/');
    const took = await eyes.usable();
    await expect(page.locator('.badge')).toHaveAttribute('data-link', 'offline');
    await page.close();
    return took;
}

/** Runs in the page, before anything of the page does. */
function install(): void {
    const REST_MS = 1_000;
    const now = () => performance.timeOrigin + performance.now();
    const written: NonNullable<Seen['written']>[] = [];
    let n_open = 0;
    const begin = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function (...how) {
        const began_at = now();
        const transaction = begin.apply(this, how);
        if (this.name === 'mikrodash-outbox') {
            n_open++;
            // The first to listen, so nobody acts on it before.
            transaction.addEventListener('complete', () => {
                n_open--;
                written.push({ began_at, done_at: now() });
            });
        }
        return transaction;
    };

    let [tapped_at, n_frames_at_tap, n_frames] = [0, 0, 0];
    const tapped = (event: Event) => {
        tapped_at = performance.timeOrigin + event.timeStamp;
        n_frames_at_tap = n_frames;
    };
    addEventListener('click', tapped, { capture: true });

    // A message that is sent from a frame arrives when that frame was painted.
    const painted = () =>
        new Promise<void>((done) => {
            requestAnimationFrame(() => {
                const { port1, port2 } = new MessageChannel();
                port1.onmessage = () => done();
                port2.postMessage(null);
            });
        });
    const watchFor = (isThere: () => boolean) =>
        new Promise<void>((done) => {
            const look = () => {
                if (!isThere()) return;
                watcher.disconnect();
                painted().then(done);
            };
            const watcher = new MutationObserver(look);
            watcher.observe(document, { attributes: true, childList: true, characterData: true, subtree: true });
            look();
        });

    let seen: Promise<Seen> | undefined;
    const watch = ({ selector, attribute, value }: Change) => {
        let is_watching = true;
        const count = () => {
            n_frames++;
            if (is_watching) requestAnimationFrame(count);
        };
        requestAnimationFrame(count);
        const read = (element: Element | null) => (attribute ? element?.getAttribute(attribute) : element?.textContent?.trim());
        seen = watchFor(() => read(document.querySelector(selector)) === value).then(() => {
            is_watching = false;
            return {
                tapped_at,
                shown_at: now(),
                n_frames: n_frames - n_frames_at_tap,
                written: written.find(({ began_at }) => began_at >= tapped_at),
            };
        });
    };

    let bare: Promise<IDBDatabase> | undefined;
    const open = () =>
        new Promise<IDBDatabase>((done, fail) => {
            const request = indexedDB.open('bare');
            request.onupgradeneeded = () => request.result.createObjectStore('ops');
            request.onsuccess = () => done(request.result);
            request.onerror = () => fail(request.error);
        });
    const putBare = async (text: string) => {
        const database = await (bare ??= open());
        return new Promise<number>((done, fail) => {
            const began = performance.now();
            const transaction = database.transaction('ops', 'readwrite', { durability: 'strict' });
            transaction.objectStore('ops').put(text, String(began));
            transaction.oncomplete = () => done(performance.now() - began);
            transaction.onabort = () => fail(transaction.error);
        });
    };

    let put: Promise<number> | undefined;
    const putBareOnTap = (text: string) => {
        const tapped = (event: Event) => {
            put = putBare(text).then(() => performance.now() - event.timeStamp);
        };
        addEventListener('click', tapped, { once: true });
    };

    const rest = async () => {
        let since: number | undefined;
        while (since === undefined || now() - since < REST_MS) {
            const rests = n_open === 0 && document.querySelector('.badge')?.getAttribute('data-link') === 'live';
            since = rests ? (since ?? now()) : undefined;
            await new Promise((done) => setTimeout(done, 2));
        }
        return since;
    };

    const isUsable = () => {
        const isAlive = document.documentElement?.hasAttribute('data-alive');
        return isAlive && document.querySelector('article.station .station-acts button') !== null;
    };
    const usable = watchFor(isUsable).then(() => performance.now());

    const never = () => Promise.reject(new Error('nothing is watched'));
    window.eyes = { watch, seen: () => seen ?? never(), putBare, putBareOnTap, putOnTap: () => put ?? never(), rest, usable };
}

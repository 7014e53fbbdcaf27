// The floor: its cards, and the sheets that open over it.

import { expect, type Locator, type Page } from '@playwright/test';
import { piasters } from './sums';
import type { Words } from './words';

/** A time of day as the picker has it. */
export type TimeOfDay = { hour: number; minute: number; isPm: boolean };

/** What the shop's clock shows at a moment. */
export function cairo(at: Date): TimeOfDay {
    const parts = new Intl.DateTimeFormat('en-US', { timeZone: 'Africa/Cairo', hour: 'numeric', minute: 'numeric' });
    const read = (type: string) => parts.formatToParts(at).find((part) => part.type === type)?.value ?? '';
    return { hour: Number(read('hour')), minute: Number(read('minute')), isPm: read('dayPeriod') === 'PM' };
}

export class Floor {
    constructor(readonly page: Page, readonly words: Words) {}

    /** The card of a station, by its place: 1 is the first. */
    card(place: number): Card {
        return new Card(this.page.locator('article.station').nth(place - 1), this.words);
    }

    get start(): StartSheet {
        return new StartSheet(this.page, this.words);
    }

    get session(): SessionSheet {
        return new SessionSheet(this.page, this.words);
    }

    get order(): OrderSheet {
        return new OrderSheet(this.page, this.words);
    }

    get end(): EndSheet {
        return new EndSheet(this.page, this.words);
    }

    get receipt(): ReceiptSheet {
        return new ReceiptSheet(this.page, this.words);
    }

    get sheet(): Sheet {
        return new Sheet(this.page, this.words);
    }

    /** Opens the session of a station and does what a button of it says. */
    async act(place: number, action: string): Promise<void> {
        await this.card(place).open();
        await this.session.action(action);
    }
}

/** A field by the words above it; units and hints that stand beside it do not count. */
export function field(root: Locator | Page, name: string): Locator {
    const page = 'goto' in root ? root : root.page();
    const label = root.locator('label.field').filter({ has: page.locator('.label').getByText(name, { exact: true }) });
    return label.locator('input, select').or(root.getByLabel(name, { exact: true }));
}

export class Card {
    constructor(readonly root: Locator, readonly words: Words) {}

    get name(): Locator {
        return this.root.locator('.station-open');
    }

    get amount(): Locator {
        return this.root.locator('.amount');
    }

    async stationId(): Promise<string> {
        return (await this.root.getAttribute('data-station')) ?? '';
    }

    async open(): Promise<void> {
        await this.name.click();
    }

    async press(word: string): Promise<void> {
        await this.root.getByRole('button', { name: word, exact: true }).click();
    }

    async shows(state: 'free' | 'playing' | 'paused' | 'soon' | 'over' | 'costly' | 'maintenance'): Promise<void> {
        await expect(this.root).toHaveAttribute('data-state', state);
    }
}

export class Sheet {
    readonly root: Locator;

    constructor(readonly page: Page, readonly words: Words) {
        this.root = page.locator('dialog[open]');
    }

    async action(name: string): Promise<void> {
        await this.root.getByRole('button', { name, exact: true }).click();
    }

    async close(): Promise<void> {
        await this.action(this.words.close);
        await this.gone();
    }

    async gone(): Promise<void> {
        await expect(this.root).toHaveCount(0);
    }

    async opened(title: string | RegExp): Promise<void> {
        await expect(this.root.getByRole('heading', { level: 2 }).first()).toHaveText(title);
    }

    field(name: string): Locator {
        return field(this.root, name);
    }

    async pickTime({ hour, minute, isPm }: TimeOfDay): Promise<void> {
        await this.field(this.words.hour).selectOption(String(hour));
        await this.field(this.words.minute).selectOption(String(minute));
        await this.action(isPm ? this.words.pm : this.words.am);
    }

    /** What the picked time means, in words. */
    get meaning(): Locator {
        return this.root.locator('.time-pick + .hint');
    }
}

export class StartSheet extends Sheet {
    async start(): Promise<void> {
        await this.action(this.words.start);
        await this.gone();
    }

    async at(time: TimeOfDay): Promise<void> {
        await this.action(this.words.another_time);
        await this.pickTime(time);
    }
}

export class SessionSheet extends Sheet {
    line(name: string): Locator {
        return this.root.locator('.line').filter({ hasText: name });
    }

    async more(name: string): Promise<void> {
        await this.line(name).getByRole('button', { name: this.words.more_of_it, exact: true }).click();
    }

    async less(name: string): Promise<void> {
        await this.line(name).getByRole('button', { name: this.words.less, exact: true }).click();
    }

    async addExtra(pounds: string, reason: string): Promise<void> {
        await this.action(this.words.extra);
        await this.field(this.words.amount).fill(pounds);
        await this.field(this.words.reason).fill(reason);
        await this.action(this.words.save);
        await expect(this.line(reason)).toBeVisible();
    }

    target(name: string): Locator {
        return this.root.locator('.choice').filter({ hasText: name });
    }
}

export class OrderSheet extends Sheet {
    async add(...items: string[]): Promise<void> {
        for (const item of items) await this.root.locator('.menu-item').filter({ hasText: item }).click();
    }

    line(item: string): Locator {
        return this.root.locator('.line').filter({ hasText: item });
    }

    async more(item: string): Promise<void> {
        await this.line(item).getByRole('button', { name: this.words.more_of_it, exact: true }).click();
    }

    async less(item: string): Promise<void> {
        await this.line(item).getByRole('button', { name: this.words.less, exact: true }).click();
    }

    async save(): Promise<void> {
        await this.press();
        await this.gone();
    }

    async press(): Promise<void> {
        await this.root.locator('.sheet-foot .btn-primary').click();
    }
}

export type BillRow = { what: string; amount: number; kind: string };

export class EndSheet extends Sheet {
    async rows(): Promise<BillRow[]> {
        return readRows(this.root.locator('table.bill tr'));
    }

    /** What is left to pay, as the sheet says it. */
    async due(): Promise<number> {
        return piasters(await this.root.locator('.due strong').textContent());
    }

    get change(): Locator {
        return this.root.locator('.change strong');
    }

    /** Takes the money and ends. */
    async finish(): Promise<void> {
        await this.root.locator('.sheet-foot .btn-primary').click();
    }
}

export class ReceiptSheet extends Sheet {
    get paper(): Locator {
        return this.root.locator('.receipt');
    }

    async total(): Promise<number> {
        return piasters(await this.root.locator('.receipt-total strong').textContent());
    }
}

/** The rows of a bill on a screen. */
export async function readRows(rows: Locator): Promise<BillRow[]> {
    return (await rows.all()).reduce<Promise<BillRow[]>>(async (before, row) => {
        const what = await row.locator('th').evaluate((cell) => cell.firstChild?.textContent ?? '');
        const amount = piasters(await row.locator('td').textContent());
        return [...(await before), { what, amount, kind: (await row.getAttribute('class')) ?? '' }];
    }, Promise.resolve([]));
}

// The band that tells of a power cut, and the sheet in which its sessions are decided about.

import { expect, type Locator, type Page } from '@playwright/test';
import type { Verdict } from './api';
import { Sheet } from './floor';
import { piasters } from './sums';
import type { Words } from './words';

export class CutSheet extends Sheet {
    constructor(page: Page, words: Words) {
        super(page, words);
    }

    /** The band on the floor. */
    get band(): Locator {
        return this.page.locator('.band');
    }

    async openIt(): Promise<void> {
        await this.band.getByRole('button', { name: this.words.cut_decide, exact: true }).click();
        await this.opened(this.words.cut_title);
    }

    /** The row of a session, by its place: 1 is the first. */
    row(place: number): Locator {
        return this.root.locator('.cut-row').nth(place - 1);
    }

    pick(place: number, verdict: Verdict): Locator {
        return this.row(place).locator(`[data-verdict=${verdict}]`);
    }

    async choose(place: number, verdict: Verdict): Promise<void> {
        await this.pick(place, verdict).click();
    }

    async chosen(place: number, verdict: Verdict): Promise<void> {
        await expect(this.pick(place, verdict)).toHaveAttribute('aria-pressed', 'true');
    }

    /** What a session would owe. */
    async wouldOwe(place: number, verdict: Verdict): Promise<number> {
        return piasters(await this.pick(place, verdict).locator('b').textContent());
    }

    async chooseForAll(verdict: Verdict): Promise<void> {
        await this.root.locator(`.cut-all [data-verdict=${verdict}]`).click();
    }

    /** Leaves, where nothing is left to decide. */
    async finish(): Promise<void> {
        await this.action(this.words.done_deciding);
        await this.gone();
    }
}

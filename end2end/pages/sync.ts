// The sheet behind the badge: what waits here, what was refused, what somebody should look at.

import { expect, type Locator } from '@playwright/test';
import { Sheet } from './floor';

export class SyncSheet extends Sheet {
    async open(): Promise<void> {
        await this.page.locator('.badge').click();
        await this.opened(this.words.sync_title);
    }

    get waiting(): Locator {
        return this.under(this.words.waits_here);
    }

    get refused(): Locator {
        return this.under(this.words.was_refused);
    }

    get toLookAt(): Locator {
        return this.under(this.words.to_look_at);
    }

    /** Sends now, and waits until nothing is left to send. */
    async send(timeout = 15_000): Promise<void> {
        await this.action(this.words.sync_now);
        await expect(this.root.getByText(this.words.nothing_waits)).toBeVisible({ timeout });
    }

    private under(title: string): Locator {
        return this.root.locator('h3').filter({ hasText: title }).locator('xpath=following-sibling::ol[1]/li');
    }
}

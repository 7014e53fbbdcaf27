// Selling at the counter.

import { expect, type Locator, type Page } from '@playwright/test';
import { field } from './floor';
import { piasters } from './sums';
import type { Words } from './words';

export class Sale {
    readonly cart: Locator;

    constructor(readonly page: Page, readonly words: Words) {
        this.cart = page.locator('.cart');
    }

    async add(...items: string[]): Promise<void> {
        for (const item of items) await this.page.locator('.menu-item').filter({ hasText: item }).click();
    }

    line(item: string): Locator {
        return this.cart.locator('.line').filter({ hasText: item });
    }

    async due(): Promise<number> {
        return piasters(await this.cart.locator('.due strong').textContent());
    }

    async received(pounds: string): Promise<void> {
        await field(this.cart, this.words.received_other).fill(pounds);
    }

    get change(): Locator {
        return this.cart.locator('.change strong');
    }

    async sell(): Promise<void> {
        await this.cart.locator('.btn-big').click();
        await expect(this.cart.getByText(this.words.basket_empty)).toBeVisible();
    }

    /** The sales of today, newest first. */
    get sold(): Locator {
        return this.page.locator('.sale-menu tbody tr');
    }
}

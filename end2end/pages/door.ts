// What stands before the shop: the first run, and the login.

import { expect, type Locator, type Page } from '@playwright/test';
import type { Words } from './words';

export class FirstRun {
    constructor(readonly page: Page, readonly words: Words) {}

    get problem(): Locator {
        return this.page.getByRole('alert');
    }

    async fill(shop: string, owner: string, password: string): Promise<void> {
        await this.page.getByLabel(this.words.shop_name).fill(shop);
        await this.page.getByLabel(this.words.owner_name).fill(owner);
        await this.page.getByLabel(this.words.password).fill(password);
    }

    async open(): Promise<void> {
        await this.page.getByRole('button', { name: this.words.open_shop }).click();
    }

    async openDemo(): Promise<void> {
        await this.page.getByRole('button', { name: this.words.open_demo }).click();
    }
}

export class Login {
    constructor(readonly page: Page, readonly words: Words) {}

    get problem(): Locator {
        return this.page.getByRole('alert');
    }

    async pick(name: string): Promise<void> {
        const person = this.page.locator('.staff-picks button').filter({ hasText: name });
        await person.click();
        await expect(person).toHaveAttribute('aria-pressed', 'true');
    }

    /** Presses the keys of the pad. */
    async pin(pin: string): Promise<void> {
        for (const digit of pin) await this.page.getByRole('button', { name: digit, exact: true }).click();
        await this.page.getByRole('button', { name: this.words.sign_in, exact: true }).click();
    }

    async shows(): Promise<void> {
        await expect(this.page.getByText(this.words.who_is_there)).toBeVisible();
    }
}

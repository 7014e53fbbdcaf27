// The page of tasks and checklists.

import { expect, type Locator, type Page } from '@playwright/test';
import type { Words } from './words';

export class Tasks {
    constructor(readonly page: Page, readonly words: Words) {}

    get dialog(): Locator {
        return this.page.getByRole('dialog');
    }

    task(title: string): Locator {
        return this.page.locator('.tasks .task').filter({ hasText: title });
    }

    /** A checklist, or a run through it. */
    list(name: string): Locator {
        return this.page.locator('aside .task').filter({ hasText: name });
    }

    async add(title: string): Promise<void> {
        await this.page.getByRole('button', { name: this.words.add_task }).click();
        await this.dialog.getByLabel(this.words.task_title).fill(title);
        await this.save();
        await expect(this.task(title)).toBeVisible();
    }

    async open(title: string): Promise<void> {
        await this.task(title).getByRole('button').click();
        await expect(this.dialog).toBeVisible();
    }

    async note(title: string, note: string): Promise<void> {
        await this.open(title);
        await this.dialog.getByLabel(this.words.note).fill(note);
        await this.save();
    }

    async save(): Promise<void> {
        await this.dialog.getByRole('button', { name: this.words.save }).click();
        await expect(this.dialog).toHaveCount(0);
    }
}

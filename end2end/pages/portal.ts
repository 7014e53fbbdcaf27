// The pages on which guests log in, as the owner sees them; and what is wrong on the router.

import { expect, type Till } from './test';

export class Portal {
    constructor(private readonly till: Till) {}

    /** The page as a guest would see it, in its frame. */
    get preview() {
        return this.till.page.frameLocator('iframe.preview');
    }

    /** A line of how it stands on the router, by the word that it begins with. */
    line(word: string) {
        const { page } = this.till;
        return page.locator('.findings > li').filter({ has: page.getByText(word, { exact: true }) });
    }

    async upload(): Promise<void> {
        const { till } = this;
        await till.button(till.words.portal_upload).click();
        await till.told(till.words.portal_uploaded);
    }

    async use(): Promise<void> {
        const { till } = this;
        await till.button(till.words.portal_use).click();
        await till.dialog.getByRole('button', { name: till.words.portal_use }).click();
        await expect(till.dialog).toHaveCount(0);
        await till.told(till.words.portal_used);
    }
}

/** Something that is wrong on the router, by its kind. */
export function flaw(till: Till, kind: string) {
    return till.page.locator(`.flaws > li[data-flaw=${kind}]`);
}

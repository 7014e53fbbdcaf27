// How a page looks, as far as a machine can tell: accessible, in the right direction, no wider than the screen.

import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { fileURLToPath } from 'node:url';
import type { Till } from './test';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const shots = fileURLToPath(new URL('../shots/', import.meta.url));

export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** What axe finds wrong, a line each. */
export async function violations(page: Page, where: string): Promise<string[]> {
    const { violations, incomplete } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
    const said = (results: typeof violations) =>
        results.flatMap(({ id, nodes }) =>
            nodes.map((node) => `${where}: ${id}: ${node.target.join(' ')}: ${node.any[0]?.message ?? node.failureSummary}`),
        );
    // Text in the very colour of its ground is no violation to axe, but a doubt.
    return [...said(violations), ...said(incomplete).filter((line) => line.includes('1:1 contrast ratio'))];
}

/** What makes a page wider than the screen, a line each. */
export async function overflow(page: Page, where: string): Promise<string[]> {
    return page.evaluate((where) => {
        const root = document.documentElement;
        const width = root.clientWidth;
        const scrolls = (el: Element) => {
            for (let up = el.parentElement; up && up !== document.body; up = up.parentElement) {
                const style = getComputedStyle(up);
                if (style.overflowX !== 'visible' && up.scrollWidth > up.clientWidth) return true;
            }
            return false;
        };
        const wide = [...document.querySelectorAll('body *')].filter((el) => {
            const box = el.getBoundingClientRect();
            return box.width > 0 && (box.right > width + 1 || box.left < -1) && !scrolls(el);
        });
        const said = wide.slice(0, 5).map((el) => `${where}: ${el.tagName}.${el.getAttribute('class')} sticks out`);
        const dialogs = [...document.querySelectorAll('dialog[open], dialog[open] .sheet-body')]
            .filter((el) => el.scrollWidth > el.clientWidth + 1)
            .map((el) => `${where}: ${el.className} scrolls sideways`);
        return root.scrollWidth > width + 1 ? [`${where}: ${root.scrollWidth} px wide`, ...said, ...dialogs] : dialogs;
    }, where);
}

async function shoot(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: `${shots}${name}.png` });
}

async function expectLanguage(page: Page, language: 'ar' | 'en'): Promise<void> {
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    await expect(page.locator('html')).toHaveAttribute('dir', language === 'ar' ? 'rtl' : 'ltr');
}

/** Waits until a page stands still: its fonts are there, and what comes in has come. What breathes goes on. */
async function isDrawn(page: Page): Promise<void> {
    await page.evaluate(async () => {
        await document.fonts.ready;
        await new Promise((drawn) => requestAnimationFrame(drawn));
        const ends = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().iterations !== Infinity);
        await Promise.all(ends.map(({ finished }) => finished.catch(() => undefined)));
    });
}

/** Looks at what is shown, on a desk and on a phone, and takes its pictures. */
export async function look(till: Till, name: string, wrong: string[]): Promise<void> {
    const { page, language } = till;
    await expectLanguage(page, language);
    const theme = await page.locator('html').getAttribute('data-theme');
    for (const [width, size] of [[1440, DESK], [390, PHONE]] as const) {
        await page.setViewportSize(size);
        await isDrawn(page);
        const where = `${name} ${language} ${theme} ${width}`;
        // Each language is searched in both themes and both widths; the second pair would find what the first did.
        const isSearched = (language === 'ar') === ((theme === 'dark') === (width === 1440));
        if (isSearched) wrong.push(...(await violations(page, where)));
        wrong.push(...(await overflow(page, where)));
        await shoot(page, `${name}-${language}-${theme}-${width}`);
    }
    await page.setViewportSize(DESK);
}

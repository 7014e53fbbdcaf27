// The staff page, and the page of devices.

import { expect, type Locator } from '@playwright/test';
import type { Till } from './test';

export function person(till: Till, name: string): Locator {
    return till.page.getByRole('row').filter({ hasText: name });
}

/** Does one of the things that can be done about somebody. */
export async function act(till: Till, name: string, action: string): Promise<void> {
    await till.button(`${till.words.edit} ${name}`).click();
    await till.dialog.getByRole('button', { name: action, exact: true }).click();
}

export async function suspend(till: Till, name: string, reason: string): Promise<void> {
    const { words } = till;
    await act(till, name, words.suspend);
    const question = till.dialog.filter({ hasText: words.suspend_says }).last();
    await question.getByLabel(words.reason).fill(reason);
    await question.getByRole('button', { name: words.suspend, exact: true }).click();
    await expect(till.dialog).toHaveCount(0);
}

/** Invites somebody: the code that lets them come. */
export async function invite(till: Till, name: string): Promise<string> {
    const { words } = till;
    await till.button(words.invite).click();
    await till.dialog.getByLabel(words.name).fill(name);
    await till.dialog.getByRole('button', { name: words.invite, exact: true }).click();
    const code = till.dialog.locator('code');
    await expect(code).toHaveText(/^[A-Z2-9]{10}$/);
    await expect(till.dialog.locator('svg.qr')).toBeVisible();
    const text = await code.innerText();
    await till.page.keyboard.press('Escape');
    return text;
}

/** Says who they are with an invitation, and chooses a PIN. */
export async function join(till: Till, code: string, name: string, pin: string): Promise<void> {
    const { words } = till;
    await till.go(`/join/${code}`);
    await till.field(words.your_name).fill(name);
    await till.field(words.new_pin).fill(pin);
    await till.button(words.join).click();
    await expect(till.page.getByRole('status')).toHaveText(words.was_joined);
}

/** Gives somebody's PIN where they are asked to allow something. */
export async function allow(till: Till, name: string, pin: string): Promise<void> {
    const { words } = till;
    const question = till.dialog.filter({ hasText: words.needs_approval }).last();
    await question.getByRole('button', { name: new RegExp(name) }).click();
    await question.getByLabel(words.pin, { exact: true }).fill(pin);
    await question.getByRole('button', { name: words.approve, exact: true }).click();
}

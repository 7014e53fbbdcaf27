import { FirstRun } from '../pages/door';
import { expect, test, type Till } from '../pages/test';

async function addStation(till: Till, name: string): Promise<void> {
    await till.go('/stations');
    await till.button(till.words.add_station).click();
    await till.field(till.words.name_en).fill(name);
    await till.button(till.words.save).click();
    await expect(till.page.getByRole('cell', { name, exact: true })).toBeVisible();
}

async function addCategory(till: Till, name: string): Promise<void> {
    await till.go('/menu');
    await till.button(till.words.add_category).click();
    await till.field(till.words.name_en).fill(name);
    await till.button(till.words.save).click();
    await expect(till.page.getByRole('heading', { name })).toBeVisible();
}

async function addItem(till: Till, name: string, pounds: string): Promise<void> {
    await till.button(till.words.add_item).click();
    await till.field(till.words.name_en).fill(name);
    await till.field(till.words.price).fill(pounds);
    await till.button(till.words.save).click();
    await expect(till.page.getByRole('cell', { name, exact: true })).toBeVisible();
}

test('wrong input is explained, and no shop is made of it', async ({ till, noise }) => {
    noise.expect(/status of 422/);
    const door = new FirstRun(till.page, till.words);
    await till.go();
    await door.fill('Elite', 'Hany', 'short');
    await door.open();
    await expect(door.problem).toContainText(till.words.short_password);

    await door.fill('  ', 'Hany', 'long enough');
    await door.open();
    await expect(door.problem).toContainText(till.words.text_missing);
    expect(await till.api.boot()).toBe('first_run');
    expect(await till.api.seq()).toBe(0);
});

test('a new shop opens in the browser and takes its first customer', async ({ till }) => {
    const door = new FirstRun(till.page, till.words);
    await till.go();
    await door.fill('Elite PlayStation', 'Hany', 'long enough');
    await till.button('English').click();
    await door.open();
    await expect(till.page.getByText(till.words.no_stations, { exact: true })).toBeVisible();
    await expect(till.page).toHaveTitle(/Elite PlayStation/);

    await addStation(till, 'PS 1');
    await addCategory(till, 'Drinks');
    await addItem(till, 'Tea', '7.5');

    await till.go();
    const card = till.floor.card(1);
    await card.shows('free');
    await card.press(till.words.start);
    await till.floor.start.start();
    await card.shows('playing');
    await card.press(till.words.order);
    await till.floor.order.add('Tea');
    await till.floor.order.save();
    await expect(card.root.locator('.orders')).toContainText('1');

    await till.stored();
    await till.reload();
    await card.shows('playing');
});

test('the demo shop opens with one press', async ({ till }) => {
    await till.go();
    await new FirstRun(till.page, till.words).openDemo();
    await expect(till.page.locator('article.station')).toHaveCount(8);
    await till.floor.card(1).shows('playing');
});

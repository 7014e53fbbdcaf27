// The strings of the screens, read from their one catalogue, so that a journey never says what a screen does not.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Language = 'ar' | 'en';
export type Words = Record<string, string>;

const catalogue = readFileSync(fileURLToPath(new URL('../../src/app/words.rs', import.meta.url)), 'utf8');
const lines = [...catalogue.matchAll(/^ {4}(\w+): "(.*?)", "(.*?)";$/gm)];

function read(column: 2 | 3): Words {
    const words = Object.fromEntries(lines.map((line) => [line[1], line[column]]));
    return new Proxy(words, {
        get(all, key) {
            if (typeof key === 'string' && !(key in all)) throw new Error(`no word is called ${key}`);
            return all[key as string];
        },
    });
}

export const words: Record<Language, Words> = { ar: read(2), en: read(3) };

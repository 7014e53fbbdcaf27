// What a browser's camera sees: a file that the browser plays as if it were one, with a code as it is printed.

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator } from '@playwright/test';
import config from '../playwright.config';

const [WIDTH, HEIGHT] = [640, 480];
/** How many pixels a module is wide and high. */
const MODULE = 6;
const FRAMES = 3;

/** A camera of its own for each process that runs tests. */
const FILE = join(tmpdir(), `mikrodash-camera-${process.pid}-${process.env.TEST_WORKER_INDEX ?? 0}.y4m`);

const { launchOptions } = config.use!;

/** How a browser is launched that has it. */
export const withCamera = {
    ...launchOptions,
    args: [
        ...(launchOptions?.args ?? []),
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-video-capture=${FILE}`,
    ],
};

/** The dark runs of a code that a page shows: how far from the left and from above each begins, and how long it is. */
async function runs(code: Locator): Promise<[number, number, number][]> {
    const path = (await code.locator('path').getAttribute('d')) ?? '';
    return [...path.matchAll(/M(\d+) (\d+)h(\d+)/g)].map(([, x, y, n]) => [Number(x), Number(y), Number(n)]);
}

/** Holds a code that a page shows in front of the camera. */
export async function hold(code: Locator): Promise<void> {
    const found = await runs(code);
    const size = Math.max(...found.map(([x, , n]) => x + n)) * MODULE;
    const [left, top] = [(WIDTH - size) / 2, (HEIGHT - size) / 2].map(Math.floor);
    const shades = Buffer.alloc(WIDTH * HEIGHT, 200);
    for (const [x, y, n] of found) {
        for (let row = 0; row < MODULE; row++) {
            const from = (top + y * MODULE + row) * WIDTH + left + x * MODULE;
            shades.fill(40, from, from + n * MODULE);
        }
    }
    show(shades);
}

/** Holds nothing in front of the camera. */
export function holdNothing(): void {
    show(Buffer.alloc(WIDTH * HEIGHT, 120));
}

function show(shades: Buffer): void {
    const colours = Buffer.alloc((WIDTH * HEIGHT) / 2, 128);
    const frame = Buffer.concat([Buffer.from('FRAME\n'), shades, colours]);
    const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`);
    writeFileSync(FILE, Buffer.concat([head, ...Array<Buffer>(FRAMES).fill(frame)]));
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { site } from '../pages/server';
import { row } from '../pages/table';
import { expect, test } from '../pages/test';

test.use({ flags: ['--demo'] });

const KINDS = ['wasm', 'js', 'css', 'woff2'];

type Sizes = { raw: number; gzip: number; brotli: number; wire: number };

/** As it is, and as small as each format makes it: by the file that lies beside it, or by doing it here. */
async function sizes(path: string): Promise<Omit<Sizes, 'wire'>> {
    const bytes = await readFile(join(site, path));
    const beside = (end: string) => readFile(join(site, path + end)).catch(() => undefined);
    const gzip = (await beside('.gz')) ?? gzipSync(bytes, { level: 9 });
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    const brotli = (await beside('.br')) ?? brotliCompressSync(bytes, { params });
    return { raw: bytes.length, gzip: gzip.length, brotli: brotli.length };
}

const kb = (n_bytes: number) => `${(n_bytes / 1_000).toFixed(0)} KB`;
const line = ({ raw, gzip, brotli, wire }: Sizes) => `${kb(raw)} raw, ${kb(gzip)} gzip, ${kb(brotli)} brotli; sent as ${kb(wire)}`;
const sum = (all: Sizes[]): Sizes => {
    const of = (size: keyof Sizes) => all.map((one) => one[size]).reduce((a, b) => a + b, 0);
    return { raw: of('raw'), gzip: of('gzip'), brotli: of('brotli'), wire: of('wire') };
};

test('what the first page loads', async ({ till, page }) => {
    await till.enter('cashier');
    // What the page asked for by itself; the worker takes every file there is, later.
    const loaded = await page.evaluate(() => {
        const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
        return entries.map(({ name, encodedBodySize }) => ({ path: new URL(name).pathname, wire: encodedBodySize }));
    });
    const all: Sizes[] = [];
    for (const kind of KINDS) {
        // The worker's own file is no part of a page.
        const files = loaded.filter(({ path }) => path.endsWith(`.${kind}`) && path !== '/sw.js');
        expect(files.length, `files of ${kind}`).toBeGreaterThan(0);
        const unique = [...new Map(files.map((file) => [file.path, file])).values()];
        const found = await Promise.all(unique.map(async ({ path, wire }) => ({ ...(await sizes(path)), wire })));
        all.push(...found);
        row(`first load: ${kind}${found.length > 1 ? ` (${found.length} files)` : ''}`, line(sum(found)), kind === 'wasm' ? '< 350 KB brotli' : '');
    }
    row('first load: all of them', line(sum(all)), '< 450 KB brotli');
});

// What benches measured, as one table after the last of them.

import { cpus, loadavg } from 'node:os';
import { test } from '@playwright/test';
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';

type Row = [what: string, measured: string, target: string];

/** Puts a line into the table: what was measured, what came out, and the target where the design has one. */
export function row(what: string, measured: string, target = ''): void {
    const line: Row = [what, measured, target];
    test.info().annotations.push({ type: 'row', description: JSON.stringify(line) });
}

/** The time that a part of all took at most: 0.5 for the median. */
export function share(times: number[], part: number): number {
    const sorted = [...times].sort((a, b) => a - b);
    return sorted[Math.max(Math.ceil(sorted.length * part), 1) - 1];
}

export function ms(time: number): string {
    return time < 100 ? `${time.toFixed(1)} ms` : `${time.toFixed(0)} ms`;
}

/** Median and bad cases. */
export function spread(times: number[]): string {
    return `p50 ${ms(share(times, 0.5))}, p95 ${ms(share(times, 0.95))}`;
}

/** Median and bad cases, as multiples of others. */
export function ratio(times: number[], others: number[]): string {
    const times_over = (part: number) => (share(times, part) / share(others, part)).toFixed(1);
    return `p50 ${times_over(0.5)}x, p95 ${times_over(0.95)}x`;
}

/** Median, and what it is the median of. */
export function median(times: number[]): string {
    return `${ms(share(times, 0.5))} (${ms(Math.min(...times))} to ${ms(Math.max(...times))})`;
}

/** How busy the machine is, beside what is measured. */
function load(): string {
    return loadavg()[0].toFixed(1);
}

export default class Table implements Reporter {
    private readonly rows: Row[] = [];
    private readonly load_before = load();

    onTestEnd(_: TestCase, result: TestResult): void {
        const lines = result.annotations.filter(({ type }) => type === 'row');
        this.rows.push(...lines.map(({ description }) => JSON.parse(description ?? '[]') as Row));
    }

    // After the list has said what failed.
    async onExit(): Promise<void> {
        const head: Row = ['what', 'measured', 'target'];
        const all = [head, ...this.rows];
        const widths = head.map((_, n) => Math.max(...all.map((line) => line[n].length)));
        const print = (line: string[], fill = ' ') =>
            console.log(`|${line.map((text, n) => fill + text.padEnd(widths[n] + 1, fill)).join('|')}|`);
        console.log();
        print(head);
        print(['', '', ''], '-');
        this.rows.forEach((line) => print(line));
        console.log(`${cpus().length} cores; load ${this.load_before} before, ${load()} after`);
    }

    printsToStdio(): boolean {
        return false;
    }
}

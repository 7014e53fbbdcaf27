// The benches: `make bench` runs them, `make test` does not. Nothing is asserted about time.

import { defineConfig } from '@playwright/test';
import journeys from './playwright.config';

export default defineConfig({
    ...journeys,
    testMatch: 'bench/*.ts',
    // What is measured has the machine for itself.
    workers: 1,
    timeout: 600_000,
    outputDir: 'test-results/bench',
    // High enough that toasts lie below the cards.
    use: { ...journeys.use, viewport: { width: 1280, height: 1200 } },
    reporter: [['list'], ['./pages/table.ts']],
});

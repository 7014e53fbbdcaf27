import { defineConfig } from '@playwright/test';

export default defineConfig({
    testMatch: ['journeys/**/*.ts', 'bugs/**/*.ts'],
    // Each test has its own server; two at a time is what two cores carry.
    workers: 2,
    fullyParallel: false,
    // On a busy machine a browser may be late once; what needed a second try is named at the end of a check.
    retries: process.env.CI === 'true' ? 1 : 0,
    timeout: 30_000,
    forbidOnly: process.env.CI === 'true',
    // Playwright empties outputDir before a run, so the report lies beside it.
    outputDir: 'test-results/artifacts',
    reporter: [['list'], ['json', { outputFile: 'test-results/report.json' }]],
    use: {
        headless: true,
        actionTimeout: 5_000,
        screenshot: 'only-on-failure',
        launchOptions: {
            // The system's own browser: Playwright's cannot be downloaded everywhere.
            executablePath: process.env.MIKRODASH_CHROMIUM ?? '/usr/bin/chromium',
            args: [
                '--no-sandbox', // CI runs as root
                '--disable-gpu',
                '--disable-quic',
                '--no-first-run',
                '--disable-background-networking',
                '--disable-component-update',
                '--disable-sync',
            ],
        },
    },
});

// A browser of its own, as on a phone that is new in the shop: with a home folder in which authorities are trusted, and
// on a network where the shop's name leads to it.

import { chromium, type BrowserContext, type BrowserContextOptions, type LaunchOptions } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const NAME = 'mikrodash.local';

export class Phone {
    private context?: BrowserContext;

    private constructor(
        private readonly home: string,
        private readonly launch: LaunchOptions,
        private readonly look: BrowserContextOptions,
        private readonly ways: string[],
    ) {}

    /** A new phone; `ways` say where more names lead, before the shop's own. */
    static async make(launch: LaunchOptions, look: BrowserContextOptions, ways: string[] = []): Promise<Phone> {
        const phone = new Phone(await mkdtemp(join(tmpdir(), 'mikrodash-phone-')), launch, look, ways);
        mkdirSync(phone.authorities, { recursive: true });
        phone.certutil('-N', '--empty-password');
        return phone;
    }

    private get authorities(): string {
        return join(this.home, '.pki/nssdb');
    }

    private certutil(...args: string[]): void {
        execFileSync('certutil', ['-d', `sql:${this.authorities}`, ...args]);
    }

    /** Opens the browser; it knows what it knew when it was closed. */
    async open(): Promise<BrowserContext> {
        const { XDG_DATA_HOME: _, ...home } = process.env;
        this.context = await chromium.launchPersistentContext(join(this.home, 'profile'), {
            ...this.launch,
            ...this.look,
            args: [...(this.launch.args ?? []), `--host-resolver-rules=${[...this.ways, `${NAME} 127.0.0.1`].map((way) => `MAP ${way}`).join(', ')}`],
            env: { ...home, HOME: this.home },
        });
        return this.context;
    }

    async close(): Promise<void> {
        await this.context?.close();
        this.context = undefined;
    }

    /** What its owner does in the settings. */
    trust(file: string): void {
        this.certutil('-A', '-n', 'the shop', '-t', 'C,,', '-i', file);
    }

    async forget(): Promise<void> {
        await this.close();
        await rm(this.home, { recursive: true, force: true });
    }
}

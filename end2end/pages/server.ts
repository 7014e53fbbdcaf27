// Starts the real binary, with its data in a folder of its own, and a `shop` fixture around it.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test as base, type TestInfo } from '@playwright/test';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Where the browser's half lies. */
export const site = process.env.MIKRODASH_SITE ?? join(root, 'target/site');
/** The program. */
export const binary = process.env.MIKRODASH_BIN ?? join(root, 'target/release/mikrodash');

const built = { binary, site };

const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 10_000;

// A worker that ends in the middle of a test must not leave its servers behind.
export const children = new Set<ChildProcess>();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

export class Server {
    /** What the server has said so far, over all its starts. */
    log = '';
    private build = built;
    private child?: ChildProcess;

    private constructor(
        readonly port: number,
        readonly data: string,
        readonly flags: string[],
        private readonly host: string,
    ) {}

    /** Starts a server on a free port with fresh data, and waits until it answers. */
    static async open(flags: string[] = [], host = '127.0.0.1'): Promise<Server> {
        const data = await mkdtemp(join(tmpdir(), 'mikrodash-'));
        const server = new Server(await freePort(), data, flags, host);
        try {
            await server.start();
        } catch (error) {
            await server.close().catch(() => {});
            throw error;
        }
        return server;
    }

    get url(): string {
        return `http://${this.host}:${this.port}`;
    }

    /** The port for https, of the last start. */
    get tlsPort(): number {
        return Number([...this.log.matchAll(/^and at https:\S+:(\d+)$/gm)].at(-1)?.[1]);
    }

    get running(): boolean {
        return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
    }

    /** Starts it, after `stop` or `kill9`, on the same port and data. */
    async start(): Promise<void> {
        if (this.running) throw new Error('the server runs already');
        const own = ['--port', String(this.port), '--tls-port', '0', '--mdns', 'false', '--data', this.data];
        const args = ['serve', ...own, ...this.flags];
        this.child = spawn(this.build.binary, args, { cwd: root, env: environment(this.build.site), stdio: ['ignore', 'pipe', 'pipe'] });
        for (const stream of [this.child.stdout, this.child.stderr]) {
            stream?.setEncoding('utf8').on('data', (text: string) => (this.log += text));
        }
        const { child } = this;
        children.add(child);
        child.on('close', () => children.delete(child));
        let broken: Error | undefined;
        child.on('error', (error) => (broken = error));

        const deadline = Date.now() + START_LIMIT_MS;
        while (!(await this.healthy())) {
            if (broken) throw broken;
            if (!this.running) throw new Error(`the server ended with ${child.exitCode}:\n${this.log}`);
            if (Date.now() > deadline) throw new Error(`no answer in ${START_LIMIT_MS} ms:\n${this.log}`);
            await sleep(20);
        }
    }

    /** Asks it to end, waits, and returns its exit code. */
    async stop(): Promise<number | null> {
        return this.end('SIGTERM');
    }

    /** Ends it as a power cut would, with nothing written or said. */
    async kill9(): Promise<void> {
        await this.end('SIGKILL');
    }

    /** Stops it where it stands: it keeps its connections and answers nothing, until `thaw`. */
    freeze(): void {
        this.child?.kill('SIGSTOP');
    }

    thaw(): void {
        this.child?.kill('SIGCONT');
    }

    /** The next start is of another build: the files that pages load have other names, and the old ones are gone. */
    async rebuild(): Promise<void> {
        const folder = await mkdtemp(join(this.data, 'build-'));
        const next = { binary: join(folder, 'mikrodash'), site: join(folder, 'site') };
        const hashes = await readFile(join(dirname(this.build.binary), 'hash.txt'), 'utf8');
        const renew = (text: string) =>
            [...hashes.matchAll(/: (\S+)/g)].reduce((text, [, hash]) => text.replace(hash, (hash[0] === 'Z' ? 'Y' : 'Z') + hash.slice(1)), text);
        await copyFile(this.build.binary, next.binary);
        await writeFile(join(folder, 'hash.txt'), renew(hashes));
        await cp(this.build.site, next.site, { recursive: true });
        const files = join(next.site, 'pkg');
        for (const file of await readdir(files)) await rename(join(files, file), join(files, renew(file)));
        this.build = next;
    }

    /** The power goes, and comes back after so many minutes. */
    async powerCut(minutes: number): Promise<void> {
        await this.kill9();
        await this.comesBack(minutes);
    }

    /** The power comes back: the last sign of life of the server lies so many minutes back. */
    async comesBack(minutes: number): Promise<void> {
        await this.start();
        await this.noted('alive_at_ms', minutes);
    }

    /** The standby has missed its shop for so many minutes. */
    async missed(minutes: number): Promise<void> {
        await this.noted('line_heard_at_ms', minutes);
    }

    /** Starts again with a moment that it has noted put back by so many minutes. */
    private async noted(name: string, minutes: number): Promise<void> {
        // An end brings all of the database into its file: the moment is thirteen digits there.
        await this.stop();
        const file = join(this.data, 'shop.db');
        const bytes = await readFile(file, 'latin1');
        const moment = new RegExp(`(${name})(\\d{13})`, 'g');
        const moved = bytes.replace(moment, (_, name, at) => `${name}${Number(at) - minutes * 60_000}`);
        if (moved === bytes) throw new Error(`the server has not noted ${name}`);
        await writeFile(file, moved, 'latin1');
        await this.start();
    }

    async restart(): Promise<void> {
        if (this.running) await this.stop();
        await this.start();
    }

    /** Ends it and removes its data. */
    async close(): Promise<void> {
        if (this.running) await this.stop();
        await rm(this.data, { recursive: true, force: true });
    }

    /** Whether it ended although nobody asked it to. */
    get crashed(): boolean {
        return this.child !== undefined && !this.running;
    }

    private async healthy(): Promise<boolean> {
        try {
            const answer = await fetch(`${this.url}/api/health`, { signal: AbortSignal.timeout(2_000) });
            await answer.arrayBuffer();
            return answer.status === 200;
        } catch {
            return false; // not listening yet
        }
    }

    private async end(signal: NodeJS.Signals): Promise<number | null> {
        const child = this.child;
        if (!child || !this.running) throw new Error(`the server is not running:\n${this.log}`);
        const ended = once(child, 'close');
        child.kill(signal);
        const late = setTimeout(() => {
            this.log += `\n[did not end on ${signal} within ${STOP_LIMIT_MS} ms: killed]\n`;
            child.kill('SIGKILL');
        }, STOP_LIMIT_MS);
        await ended;
        clearTimeout(late);
        this.child = undefined;
        return child.exitCode;
    }
}

/** The developer's own settings must not reach the shop under test. */
function environment(site: string): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !/^(MIKRODASH|LEPTOS)_/.test(name));
    return { ...Object.fromEntries(own), LEPTOS_SITE_ROOT: site };
}

async function freePort(): Promise<number> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await new Promise((done) => probe.close(done));
    return port;
}

/** Has a test use a server. One that ended by itself fails it; what it said is kept where the test fails. */
export async function during(server: Server, name: string, info: TestInfo, use: (server: Server) => Promise<void>): Promise<void> {
    await use(server);
    const { crashed } = server;
    if (crashed || info.status !== info.expectedStatus) {
        await info.attach(`${name}.log`, { body: server.log, contentType: 'text/plain' });
    }
    await server.close();
    if (crashed) throw new Error(`the ${name} ended by itself:\n${server.log}`);
}

export const test = base.extend<{ flags: string[]; shop: Server }>({
    /** More flags for the server: `test.use({ flags: ['--demo'] })`. */
    flags: [[], { option: true }],

    /** A server of its own for each test. */
    shop: async ({ flags }, use, info) => {
        await during(await Server.open(flags), 'server', info, use);
    },

    baseURL: async ({ shop }, use) => {
        await use(shop.url);
    },
});

export { expect } from '@playwright/test';

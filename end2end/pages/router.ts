// A simulated MikroTik router for a journey, and the screws to turn on it.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { binary, children } from './server';
import { test as withTill } from './test';

/** What can go wrong with it, as `server/gateway/simulator/fault.rs` names it. */
export type Fault = 'drop_before' | 'drop_after' | 'session_closed' | 'wrong_login' | 'rest_off' | 'bad_type' | 'other_page' | 'full' | { slow: number };

type Item = Record<string, string>;

export class Router {
    readonly user = 'shop';
    readonly password = 'open-sesame';

    private constructor(readonly url: URL, private readonly child: ChildProcess) {}

    static async open(...flags: string[]): Promise<Router> {
        const args = ['simulate-router', '--port', '0', '--user', 'shop', '--password', 'open-sesame', ...flags];
        const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'] });
        children.add(child);
        const [said] = (await once(child.stdout!, 'data')) as [Buffer];
        const address = /https?:\/\/\S+/.exec(String(said))?.[0];
        if (!address) throw new Error(`the router said ${said}`);
        return new Router(new URL(address), child);
    }

    get port(): string {
        return this.url.port;
    }

    /** Makes every request to it go wrong, or none. */
    async breaks(fault: Fault | null): Promise<void> {
        await this.tell('faults', { always: fault });
    }

    /** The items of a menu, as they stand on the router. */
    async items(menu: string): Promise<Item[]> {
        const answer = await fetch(new URL('/simulator', this.url));
        const { menus } = (await answer.json()) as { menus: Record<string, Item[]> };
        return menus[menu] ?? [];
    }

    /** A phone logs in with a code; the answer is what the login page says, or nothing where it lets it in. */
    async logIn(code: string, mac: string): Promise<string | undefined> {
        const answer = await fetch(new URL('/simulator/login', this.url), { method: 'POST', body: JSON.stringify({ code, mac }) });
        return ((await answer.json()) as { error?: string }).error;
    }

    /** A phone comes into reach of its Wi-Fi; the answer is why it is not let in, or nothing where it is. */
    async join(mac: string, name: string): Promise<string | undefined> {
        const answer = await fetch(new URL('/simulator/join', this.url), { method: 'POST', body: JSON.stringify({ mac, name }) });
        return ((await answer.json()) as { error?: string }).error;
    }

    /** A phone logs out; what it is remembered by stays. */
    async logOut(mac: string): Promise<void> {
        await this.tell('logout', { mac });
    }

    /** Somebody takes an item away on the router itself. */
    async remove(menu: string, id: string): Promise<void> {
        const authorization = `Basic ${Buffer.from(`${this.user}:${this.password}`).toString('base64')}`;
        const answer = await fetch(new URL(`/rest${menu}/${id}`, this.url), { method: 'DELETE', headers: { authorization } });
        if (!answer.ok) throw new Error(`${menu}/${id}: ${await answer.text()}`);
    }

    /** Time passes on it, and everybody who is logged in loads so many bytes. */
    async pass(minutes: number, bytes = 0): Promise<void> {
        await this.tell('pass', { ms: minutes * 60_000, bytes });
    }

    async close(): Promise<void> {
        this.child.kill('SIGKILL');
        children.delete(this.child);
    }

    private async tell(action: string, body: unknown): Promise<void> {
        const answer = await fetch(new URL(`/simulator/${action}`, this.url), { method: 'POST', body: JSON.stringify(body) });
        if (!answer.ok) throw new Error(`${action}: ${await answer.text()}`);
    }
}

export const test = withTill.extend<{ routerFlags: string[]; router: Router }>({
    routerFlags: [[], { option: true }],

    router: async ({ routerFlags }, use) => {
        const router = await Router.open(...routerFlags);
        await use(router);
        await router.close();
    },
});

export { expect } from '@playwright/test';

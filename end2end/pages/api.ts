// The shop's server functions, spoken to directly: to look behind the screens, and to send what no screen would.

import { randomBytes, randomUUID } from 'node:crypto';
import { expect, type APIRequestContext, type APIResponse } from '@playwright/test';

export type Id = string;
export type Role = 'owner' | 'manager' | 'cashier';
export type Staff = { staff_id: Id; name: string; role: Role; status: string; has_pin: boolean };
export type Label = { ar: string; en?: string };
export type Rates = { single: number; multi: number | null };
export type Mark = { at: number; op_id: Id };
export type Parts = { play: number; orders: number; extras: number; transfers: number };
export type Settlement = {
    choice: unknown;
    parts: Parts;
    moved_out: number;
    discount: number;
    rounding: number;
    total: number;
    told: number;
};
export type Verdict = 'charge' | 'take_out' | 'stop_at';
export type Cut = { from: number; to?: number; over_at?: number; verdict: Verdict };
export type Outage = { outage_id: Id; from: number; to: number };
export type Session = {
    session_id: Id;
    station_id: Id;
    started_at: number;
    rates: Rates;
    segments: (Mark & { mode: 'single' | 'multi'; rate: number })[];
    marks?: (Mark & { is_pause: boolean })[];
    cuts?: Cut[];
    lines?: { line_id: Id; name: Label; unit_price: number; quantity: number; is_late?: boolean; void?: object }[];
    extras?: { extra_id: Id; amount: number; reason: string; is_late?: boolean; void?: object }[];
    transfers?: { from: Id; parts: Parts; paid: number }[];
    moved_out?: { to: Id; parts: Parts; amount: number; paid: number };
    moves?: { from: Id; at: number }[];
    ended?: { at: number; by: Id };
    other_ends?: { op_id: Id; at: number; by: Id; told: number }[];
    settlement?: Settlement;
    reopened?: { settlement: Settlement; void: { reason: string } }[];
    payments?: { payment_id: Id; method: string; amount: number; tendered?: number; void?: object }[];
};
export type BillPage = { session: Session; log: { body: object | null; outcome: unknown }[] };
export type Row = { table: string; row: Record<string, unknown> };
export type Outcome = 'applied' | Record<'rejected' | 'review' | 'superseded', string>;
export type Push = { head: { watermark: number }; outcomes: { op_id: Id; outcome: Outcome; seq: number }[] };
export type Boot =
    | 'first_run'
    | { login: { shop_name: string; staff: Staff[]; is_demo: boolean } }
    | { open: { me: Staff; login_id: Id } };

/** An id as devices make them: the moment first, then chance. */
export function newId(): Id {
    const bytes = randomBytes(16);
    bytes.writeUIntBE(Date.now(), 0, 6);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    const hex = bytes.toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export class Api {
    private readonly device_id = newId();
    private readonly incarnation = randomUUID();
    private last_seq = 0;

    constructor(private readonly request: APIRequestContext) {}

    /** Sends anything to a server function, and hands back the answer whatever it is. */
    send(name: string, data: unknown, headers: Record<string, string> = {}): Promise<APIResponse> {
        return this.request.post(`/api/${name}`, { data, headers: { 'content-type': 'application/json', ...headers } });
    }

    /** Calls a server function that must succeed. */
    async call<T>(name: string, args: object = {}): Promise<T> {
        const answer = await this.send(name, args);
        expect(answer.status(), `${name}: ${await answer.text()}`).toBe(200);
        return answer.json() as Promise<T>;
    }

    boot(): Promise<Boot> {
        return this.call('open_page');
    }

    async staff(): Promise<Staff[]> {
        const rows = (await this.rows()).filter(({ table }) => table === 'staff');
        return rows.map(({ row }) => row as unknown as Staff);
    }

    async signIn(pin: string, role: Role): Promise<void> {
        const boot = await this.boot();
        if (boot === 'first_run' || !('login' in boot)) throw new Error('nobody is asked to sign in here');
        const person = boot.login.staff.find((staff) => staff.role === role);
        await this.call('sign_in', { staff_id: person?.staff_id, kind: 'pin', proof: pin });
    }

    bill(session_id: Id): Promise<BillPage> {
        return this.call('bill', { session_id });
    }

    async session(session_id: Id): Promise<Session> {
        return (await this.bill(session_id)).session;
    }

    /** Everything that a device may hold. */
    async rows(): Promise<Row[]> {
        type Boot = { open: { snapshot: { rows: Record<string, Row['row']>[] } } };
        const { open } = await this.call<Boot>('open_page');
        return open.snapshot.rows.flatMap((row) => Object.entries(row).map(([table, row]) => ({ table, row })));
    }

    async table<T>(table: string): Promise<T[]> {
        return (await this.rows()).filter((row) => row.table === table).map(({ row }) => row as T);
    }

    /** The session that is live on a station. */
    async liveOn(station_id: Id): Promise<Session> {
        const sessions = await this.table<Session & { alias_of?: Id }>('session');
        const live = sessions.find((s) => s.station_id === station_id && !s.ended && !s.alias_of);
        if (!live) throw new Error('nobody plays there');
        return live;
    }

    /** How many operations the log holds, but for the leases that the server gives by itself whenever a till is there. */
    async seq(): Promise<number> {
        for (;;) {
            const before = await this.leases();
            const answer = await this.request.get('/api/health');
            const { seq } = (await answer.json()) as { seq: number };
            if ((await this.leases()) === before) return seq - before;
        }
    }

    private async leases(): Promise<number> {
        if ((await this.boot()) === 'first_run') return 0;
        const vouchers = await this.table<{ lease?: { at: number } }>('voucher');
        return new Set(vouchers.map(({ lease }) => lease?.at).filter((at) => at !== undefined)).size;
    }

    /** Writes operations into this device's journal and sends them. */
    async push(bodies: unknown[], change: (op: Record<string, unknown>) => void = () => {}): Promise<Push> {
        return this.call('push', await this.batch(bodies, change));
    }

    async batch(bodies: unknown[], change: (op: Record<string, unknown>) => void = () => {}) {
        const boot = await this.boot();
        const login_id = boot !== 'first_run' && 'open' in boot ? boot.open.login_id : newId();
        const { device_id, incarnation } = this;
        const ops = bodies.map((body) => {
            const op: Record<string, unknown> = {
                op_id: newId(),
                device_id,
                incarnation,
                device_seq: ++this.last_seq,
                login_id,
                captured_at: Date.now(),
                clock_offset_ms: 0,
                seen: 0,
                schema: 1,
                body,
            };
            change(op);
            return { op_id: op.op_id, device_seq: op.device_seq, bytes: JSON.stringify(op) };
        });
        return { batch: { device_id, incarnation, ops } };
    }
}

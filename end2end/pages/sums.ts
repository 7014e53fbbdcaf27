// The rules of a bill, written a second time and in another way than the core does it, to check the core by.

import type { Cut, Session } from './api';

const MINUTE_MS = 60_000;

/** Milliseconds played at each rate: the time between any two marks is looked at by itself. */
export function playedPerRate(session: Session, until: number): Map<number, number> {
    const start = session.started_at;
    const marks = session.marks ?? [];
    const clamp = (at: number) => Math.min(Math.max(at, start), Math.max(until, start));
    const cuts = (session.cuts ?? []).map((cut) => ({ from: cut.from, to: endOf(cut, session) }));
    const borders = [...marks.map(({ at }) => at), ...cuts.flatMap(({ from, to }) => [from, to])];
    const edges = [start, until, ...session.segments.map((s) => s.at), ...borders].map(clamp);
    const moments = [...new Set(edges)].sort((a, b) => a - b);
    const played = new Map<number, number>();
    moments.slice(1).forEach((to, n) => {
        const from = moments[n];
        const isPaused = marks.filter((mark) => mark.at <= from).at(-1)?.is_pause ?? false;
        const isCut = cuts.some((cut) => cut.from <= from && to <= cut.to);
        const segment = session.segments.filter((s, i) => i === 0 || s.at <= from).at(-1);
        if (!isPaused && !isCut && segment) played.set(segment.rate, (played.get(segment.rate) ?? 0) + to - from);
    });
    return played;
}

/** Up to when a power cut takes time out of play. */
function endOf({ verdict, from, to, over_at }: Cut, session: Session): number {
    if (verdict === 'charge') return from;
    if (verdict === 'take_out' && to) return to;
    const resumes = (session.marks ?? []).filter(({ is_pause, at }) => !is_pause && at > from).map(({ at }) => at);
    const known = verdict === 'take_out' && over_at ? [over_at] : [];
    return Math.min(Infinity, ...resumes, ...known);
}

/** Started minutes of each rate, rounded half up to the piaster. */
export function playCost(session: Session, until: number): number {
    return [...playedPerRate(session, until)]
        .map(([rate, ms]) => Math.round((rate * Math.ceil(ms / MINUTE_MS)) / 60))
        .reduce(add, 0);
}

export function orders(session: Session): number {
    const lines = (session.lines ?? []).filter((line) => !line.void);
    return lines.map((line) => line.unit_price * line.quantity).reduce(add, 0);
}

export function extras(session: Session): number {
    return (session.extras ?? []).filter((extra) => !extra.void).map((extra) => extra.amount).reduce(add, 0);
}

/** To the nearest step, a tie upwards. */
export function roundTo(amount: number, step: number): number {
    return Math.round(amount / step) * step;
}

/** What a screen shows, in piasters: `1,245.50`. */
export function piasters(text: string | null): number {
    const number = /-?[\d,]+(\.\d+)?/.exec(text ?? '')?.[0];
    if (number === undefined) throw new Error(`no amount in ${JSON.stringify(text)}`);
    return Math.round(Number(number.replaceAll(',', '')) * 100);
}

/** How the shop's clock shows a moment: `8:02 PM`. */
export function timeOfDay(at: number, zone: string): string {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hour: 'numeric', minute: '2-digit' });
    return format.format(at).replace(/\s/g, ' ');
}

function add(a: number, b: number): number {
    return a + b;
}

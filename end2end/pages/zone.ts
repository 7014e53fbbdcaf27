// Time zones, chosen by the hour that it is there.

export const HOUR_MS = 3_600_000;

/** A zone in which it is this hour now, whatever the hour is here, and the flags of a demo shop in it. */
export function zoneAt(hour: number): { name: string; flags: string[]; behind_ms: number } {
    const behind = ((new Date().getUTCHours() - hour + 36) % 24) - 12;
    const name = `Etc/GMT${behind < 0 ? '' : '+'}${behind}`;
    return { name, flags: ['--demo', '--zone', name], behind_ms: behind * HOUR_MS };
}

// Operations as a device writes them, for shops that are to be full.

import { newId, type Id, type Label, type Rates } from './api';

export type Item = { item_id: Id; name: Label; price: number };
export type Station = { station_id: Id; rates: Rates; maintenance?: string };

/** One of an item, for cash, at the counter. */
export function sale({ item_id, name, price }: Item) {
    return {
        sale_recorded: {
            sale_id: newId(),
            lines: [{ item_id, name, unit_price: price, quantity: 1 }],
            payments: [{ payment_id: newId(), method: 'cash', amount: price }],
            total: price,
        },
    };
}

/** Play with something to drink, on the house: start, order, end. */
export function round({ station_id, rates }: Station, { item_id, name, price }: Item): object[] {
    const session_id = newId();
    return [
        { session_started: { session_id, station_id, mode: 'single', rates } },
        { line_added: { session_id, line_id: newId(), item_id, name, unit_price: price, quantity: 1 } },
        { session_ended: { session_id, choice: 'free', told: 0 } },
    ];
}

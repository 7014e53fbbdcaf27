// The Wi-Fi page: devices, blocked ones, networks.

import type { Locator } from '@playwright/test';
import type { Till } from './test';

export class WifiPage {
    constructor(private readonly till: Till) {}

    /** The row of a device that is connected, by the address of its radio. */
    device(mac: string): Locator {
        return this.row(this.till.words.wifi_clients, mac);
    }

    /** The row of a device that is kept out. */
    blocked(mac: string): Locator {
        return this.row(this.till.words.blocked_devices, mac);
    }

    /** The row of a network, by its interface. */
    network(name: string): Locator {
        return this.row(this.till.words.networks, name);
    }

    /** Opens a network to change it. */
    async edit(name: string): Promise<void> {
        await this.network(name).getByRole('button', { name: this.till.words.edit }).click();
    }

    private row(section: string, text: string): Locator {
        const { page } = this.till;
        const exactly = page.locator('.lead').getByText(text, { exact: true });
        return page.getByRole('region', { name: section, exact: true }).getByRole('row').filter({ has: exactly });
    }
}

// The line between one device and the shop. Cutting it ends what runs on it, the event stream too, and nothing gets
// through until it is mended; the server and everybody else notice nothing.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Server } from './server';

export class Line {
    private isCut = false;
    private readonly ends = new Set<Socket>();
    private readonly door = createServer((device) => this.join(device));

    private constructor(private readonly shopPort: number) {}

    /** Opens a line to one of a shop's ports; to that for plain http where none is said. */
    static async open(shop: Server, port = shop.port): Promise<Line> {
        const line = new Line(port);
        line.door.listen(0, '127.0.0.1');
        await once(line.door, 'listening');
        return line;
    }

    get port(): number {
        return (this.door.address() as AddressInfo).port;
    }

    get url(): string {
        return `http://127.0.0.1:${this.port}`;
    }

    cut(): void {
        this.isCut = true;
        this.ends.forEach((end) => end.destroy());
    }

    mend(): void {
        this.isCut = false;
    }

    close(): void {
        this.cut();
        this.door.close();
    }

    private join(device: Socket): void {
        if (this.isCut) return void device.destroy();
        const shop = connect(this.shopPort, '127.0.0.1');
        for (const [end, other] of [[device, shop], [shop, device]]) {
            this.ends.add(end);
            end.on('error', () => {}); // told by its close
            end.on('close', () => {
                this.ends.delete(end);
                other.destroy();
            });
            end.pipe(other);
        }
    }
}

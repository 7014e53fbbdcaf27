// Opens the shop without its server, and sends the outbox when no page is open. Written by the server for this build.
import init, { flush_outbox } from "{{script}}";

const CACHE = "mikrodash-{{build}}";
const SHELL = "/shell";
// The shell may ask there while its own server does not answer: {{elsewhere}}
const FILES = new Set({{files}});
// A page that takes longer is opened from what the device holds.
const PAGE_MS_MAX = 2000;

self.addEventListener("install", (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([SHELL, ...FILES]);
    // Pages of the old build have all that they need; the next page is of the new one.
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const takeOver = async () => {
    const names = await caches.keys();
    const isOld = (name) => name.startsWith("mikrodash-") && name !== CACHE;
    await Promise.all(names.filter(isOld).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(takeOver());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/api/")) return;
  // A file is no page: it may take its time.
  if (url.pathname.endsWith(".pdf")) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (FILES.has(url.pathname)) event.respondWith(file(request, url));
});

self.addEventListener("sync", (event) => event.waitUntil(flush()));

// The server's page if it comes in time and is the server's; else the shell, which the device fills itself.
async function page(request) {
  const late = new Promise((_, fail) => setTimeout(fail, PAGE_MS_MAX, new Error("late")));
  try {
    const response = await Promise.race([fetch(request), late]);
    const isOurs = response.type === "opaqueredirect" || response.headers.has("x-mikrodash");
    if (isOurs && response.status < 500) return response;
  } catch {}
  return (await (await caches.open(CACHE)).match(SHELL)) ?? Response.error();
}

async function file(request, url) {
  return (await (await caches.open(CACHE)).match(url.pathname)) ?? fetch(request);
}

let started;
async function flush() {
  started ??= init({ module_or_path: "{{wasm}}" });
  await started;
  await flush_outbox();
}

// Watches a page come to life. One that dies on the way - what the server drew is not what the browser would draw - is
// emptied and drawn anew from what the device holds, instead of standing there dead.
(() => {
  const root = document.documentElement;
  let isRescued = false;
  const rescue = async () => {
    if (isRescued || root.dataset.alive) return;
    isRescued = true;
    document.body.replaceChildren();
    root.dataset.shell = "yes";
    const script = document.querySelector("link[rel=modulepreload]").href;
    const wasm = document.querySelector("link[rel=preload][as=fetch]").href;
    // Another instance: the first one has stopped in the middle of something.
    const again = await import(`${script}?again`);
    await again.default({ module_or_path: wasm });
    again.hydrate();
  };
  const isDeath = (reason) => reason instanceof WebAssembly.RuntimeError;
  addEventListener("error", (event) => isDeath(event.error) && rescue());
  addEventListener("unhandledrejection", (event) => isDeath(event.reason) && rescue());
})();

// Finds out when this device trusts the shop: then it can ask over https, at one of the shop's addresses. The first that
// answers is where the app is opened; the shop's name comes first, as it stays when addresses change.
(() => {
  const steps = document.querySelector("[data-origins]");
  if (!steps) return;
  const AGAIN_MS = 2000;
  const ANSWER_MS_MAX = 5000;
  const asks = async (origin) => {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const answer = await fetch(`${origin}/install/trusted`, { cache: "no-store", signal });
    if (!answer.ok) throw new Error(answer.status);
    return origin;
  };
  const look = async () => {
    const answers = await Promise.allSettled(steps.dataset.origins.split(" ").map(asks));
    const found = answers.find((answer) => answer.status === "fulfilled");
    if (!found) return setTimeout(look, AGAIN_MS);
    const open = steps.querySelector("[data-step=open]");
    open.querySelector("a").href = found.value + steps.dataset.to;
    open.querySelector("code").textContent = found.value;
    steps.dataset.trusted = "yes";
  };
  if (!steps.dataset.trusted) look();
  // Over https some browsers offer to install the app at once.
  const button = steps.querySelector("[data-install]");
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    button.hidden = false;
    button.onclick = () => event.prompt();
  });
})();

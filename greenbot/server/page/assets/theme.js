// Light or dark: as the system says, or as was chosen here. Runs before anything is drawn, so nothing flashes.
"use strict";
(() => {
  const KEY = "greenbot-theme";
  const CHOICES = ["auto", "light", "dark"];

  function kept() {
    try {
      const choice = localStorage.getItem(KEY);
      return CHOICES.includes(choice) ? choice : "auto";
    } catch {
      return "auto"; // a browser that keeps nothing
    }
  }

  function apply(choice) {
    if (choice === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    document.dispatchEvent(new Event("themechange"));
  }

  function choose(choice, button) {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // It holds for this visit then.
    }
    button.textContent = `Theme: ${choice}`;
    apply(choice);
  }

  let choice = kept();
  apply(choice);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(choice));
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    button.textContent = `Theme: ${choice}`;
    button.addEventListener("click", () => {
      choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
      choose(choice, button);
    });
  });
})();

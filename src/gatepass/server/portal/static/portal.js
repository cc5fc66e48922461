// What a page cannot do without script: copy to the clipboard, ask before a secret shown once is left, hold back
// the second click on a button, and say times in the reader's time zone. Every page works without this file.
"use strict";

(() => {
  const words = document.body.dataset; // in the language of the page
  const announce = (words) => {
    const region = document.getElementById("announce");
    region.textContent = "";
    // A live region speaks when its text changes; the pause makes a second "Copied" a change.
    setTimeout(() => (region.textContent = words), 50);
  };

  // Pages on plain HTTP have no navigator.clipboard: select the text, so that one key press copies it.
  const copyBySelection = (source) => {
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy");
  };

  const copy = async (source) => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      return true;
    } catch {
      return copyBySelection(source);
    }
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    const word = button.querySelector("[data-copy-word]");
    let timer;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(document.getElementById(button.dataset.copy));
      word.textContent = done ? words.wordCopied : words.wordSelected;
      announce(`${word.textContent}: ${button.dataset.what}`);
      button.classList.toggle("copied", done);
      clearTimeout(timer);
      timer = setTimeout(() => {
        word.textContent = words.wordCopy;
        button.classList.remove("copied");
      }, 2500);
    });
  }

  // The documentation of the API, in this tab, finds the token there and removes it.
  for (const link of document.querySelectorAll("a[data-with-token]")) {
    link.hidden = false;
    link.addEventListener("click", () => {
      const token = document.getElementById(link.dataset.withToken).textContent;
      sessionStorage.setItem("gatepass-test-token", token);
    });
  }

  // The first click renews the session, so the browser must not drop its response for a second one.
  for (const form of document.querySelectorAll("form[data-once]")) {
    let sent = false;
    form.addEventListener("submit", (submitting) => {
      if (sent) submitting.preventDefault();
      sent = true;
    });
    addEventListener("pageshow", () => (sent = false));
  }

  const zone = new Intl.DateTimeFormat(document.documentElement.lang, {
    ...{ year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
    ...{ hourCycle: "h23", timeZoneName: "short" },
  });
  if (zone.resolvedOptions().timeZone !== "UTC") {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const own = zone.format(new Date(time.dateTime));
      const exact = time.querySelector(".exact");
      time.title += ` = ${own}`;
      if (exact) exact.textContent = ` (${time.title})`;
    }
  }

  for (const form of document.querySelectorAll("form[data-stay-until]")) {
    const tick = document.getElementById(form.dataset.stayUntil);
    addEventListener("beforeunload", (leaving) => {
      if (!tick.checked) leaving.preventDefault();
    });
  }
})();

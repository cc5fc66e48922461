// What a page cannot do without script: copy to the clipboard, use passkeys, ask before a secret shown once is
// left, and hold back the second click on a button.
// Every page works without this file.
"use strict";

(() => {
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
      word.textContent = done ? "Copied" : "Selected";
      announce(`${word.textContent}: ${button.dataset.what}`);
      button.classList.toggle("copied", done);
      clearTimeout(timer);
      timer = setTimeout(() => {
        word.textContent = "Copy";
        button.classList.remove("copied");
      }, 2500);
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

  for (const form of document.querySelectorAll("form[data-stay-until]")) {
    const tick = document.getElementById(form.dataset.stayUntil);
    addEventListener("beforeunload", (leaving) => {
      if (!tick.checked) leaving.preventDefault();
    });
  }

  // Passkeys: a form has the question in a field without a name, and gets the answer in its hidden field "credential".
  const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const toText = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");
  const credentials = (list) => (list || []).map((each) => ({ ...each, id: toBytes(each.id) }));

  const create = async (options) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        user: { ...options.user, id: toBytes(options.user.id) },
        excludeCredentials: credentials(options.excludeCredentials),
      },
    });
    return [
      made,
      {
        attestationObject: toText(made.response.attestationObject),
        transports: made.response.getTransports ? made.response.getTransports() : [],
      },
    ];
  };

  const get = async (options) => {
    const used = await navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        allowCredentials: credentials(options.allowCredentials),
      },
    });
    const { authenticatorData, signature, userHandle } = used.response;
    return [
      used,
      {
        authenticatorData: toText(authenticatorData),
        signature: toText(signature),
        userHandle: userHandle ? toText(userHandle) : null,
      },
    ];
  };

  const wrong = (error) => {
    if (error.name === "InvalidStateError") return "This device or security key is a passkey of yours already.";
    if (error.name === "SecurityError") return "Passkeys do not work at this address. Open the portal at its own one.";
    if (error.name === "NotSupportedError") return "This device cannot make a passkey that works here.";
    return "No passkey was used: it was cancelled, took too long, or there is none for this portal. Try again.";
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential || !navigator.credentials) continue;
    form.hidden = false;
    for (const missing of document.querySelectorAll("[data-passkey-missing]")) missing.hidden = true;
    const failure = form.querySelector("[data-passkey-error]");
    form.addEventListener("submit", async (submitted) => {
      submitted.preventDefault();
      failure.hidden = true;
      try {
        const ask = form.dataset.passkey === "create" ? create : get;
        const [credential, response] = await ask(JSON.parse(form.querySelector("[data-passkey-options]").value));
        response.clientDataJSON = toText(credential.response.clientDataJSON);
        const { id, type, authenticatorAttachment } = credential;
        form.elements.credential.value = JSON.stringify({ id, rawId: id, type, authenticatorAttachment, response });
        form.submit();
      } catch (error) {
        failure.querySelector("span").textContent = wrong(error);
        failure.hidden = false;
      }
    });
  }
})();

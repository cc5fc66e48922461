// Passkeys, which only a script can ask the browser for. Pages with a passkey form load this file.
"use strict";

(() => {
  // A form has the question in a field without a name, and gets the answer in its hidden field "credential".
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

  // The words are in the page, in its language.
  const words = { InvalidStateError: "wordKnown", SecurityError: "wordAddress", NotSupportedError: "wordUnable" };

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
        failure.querySelector("span").textContent = failure.dataset[words[error.name] || "wordUnused"];
        failure.hidden = false;
      }
    });
  }
})();

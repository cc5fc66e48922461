"use strict";

// Start Swagger UI; the page's Content-Security-Policy allows no inline script.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const root = document.getElementById("docs");
// A test token that the portal has shown in this tab: taken once, then kept in memory only.
const KEPT = "gatepass-test-token";
const token = sessionStorage.getItem(KEPT);
sessionStorage.removeItem(KEPT);

const ui = SwaggerUIBundle({
  url: root.dataset.openapi,
  domNode: root,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false, // a token stays in memory only
  validatorUrl: null, // nothing is sent to others
  onComplete: () => {
    if (!token) return;
    const [name, schema] = ui.specSelectors.securityDefinitions().entrySeq().first();
    ui.authActions.authorizeOauth2({
      auth: { name, schema },
      token: { access_token: token, token_type: "Bearer" },
    });
  },
});

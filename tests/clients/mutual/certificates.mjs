// undici with a client certificate, as the documentation of both libraries shows it.
import { readFileSync } from "node:fs";
import * as undici from "undici";

export const given = JSON.parse(readFileSync(0, "utf8"));

export function fetchWith(file) {
  const pem = readFileSync(file, "utf8");
  const ca = readFileSync(given.root, "utf8");
  const agent = new undici.Agent({ connect: { key: pem, cert: pem, ca } });
  return (url, options) => undici.fetch(url, { ...options, dispatcher: agent });
}

export async function statusWith(file, token) {
  const headers = { Authorization: `Bearer ${token}` };
  return (await fetchWith(file)(given.api_url, { headers })).status;
}

export function print(outcome) {
  const text = outcome.catch((error) => ({
    failed: error.constructor.name,
    message: error.message,
    cause: String(error.cause?.error ?? error.cause),
  }));
  return text.then((value) => console.log(JSON.stringify(value)));
}

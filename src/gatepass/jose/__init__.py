"""JWS and JWK (RFC 7515, RFC 7517), strict JSON and base64url, for server and guard."""

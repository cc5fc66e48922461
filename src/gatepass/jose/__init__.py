"""JSON Web Signatures and Keys (RFC 7515, RFC 7517), strict JSON, base64url: server and guard."""

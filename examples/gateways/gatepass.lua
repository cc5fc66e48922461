-- Asks Gatepass about a request: http-request lua.gatepass /oauth2/verify/?audience=...&scope=read
--
-- Sets the identity headers and the variable txn.gatepass where the request may pass, and answers
-- it otherwise. HAProxy 2.6 and newer.
--
-- For tokens that are bound to a key (dpop=original) it sends the caller's method and address, and
-- for those that are bound to a certificate that of the caller's connection. What the caller has
-- written into headers of these names is not sent.

local host = "localhost:8000"            -- the issuer's, sent as Host
local address = "ipv4@127.0.0.1:8000"    -- where Gatepass listens
local timeout = 2000                     -- milliseconds

local identity = {
    "x-auth-client-id", "x-auth-org-id", "x-auth-scope", "x-auth-expires", "x-auth-assertion",
}
local told = {
    "www-authenticate", "dpop-nonce", "content-type", "cache-control", "retry-after",
}

local function ask(txn, question)
    local headers = {
        ["x-forwarded-for"] = { txn.f:src() },
        -- An https issuer answers nothing else. Let callers reach this gateway by https alone.
        ["x-forwarded-proto"] = { "https" },
    }
    local given = txn.http:req_get_headers()
    for _, name in ipairs({ "authorization", "dpop" }) do
        if given[name] then
            local values = {}
            for number = 0, #given[name] do
                table.insert(values, given[name][number])
            end
            headers[name] = values
        end
    end
    if given["host"] then
        headers["x-original-method"] = { txn.f:method() }
        headers["x-original-url"] = { "https://" .. given["host"][0] .. txn.f:pathq() }
    end
    local certificate = txn.f:ssl_c_der()
    if certificate and certificate ~= "" then  -- proxy_certificates: Client-Cert, rfc9440
        headers["client-cert"] = { ":" .. txn.c:base64(certificate) .. ":" }
    end
    return core.httpclient():get{
        url = "http://" .. host .. question, dst = address, headers = headers, timeout = timeout,
    }
end

local function keep_out(txn, answer)
    local reply = txn:reply{ status = answer.status, body = answer.body }
    for _, name in ipairs(told) do
        for _, value in pairs(answer.headers[name] or {}) do
            reply:add_header(name, value)
        end
    end
    txn:done(reply)
end

core.register_action("gatepass", { "http-req" }, function(txn, question)
    local answer = ask(txn, question)
    if answer.status ~= 200 then
        if not answer.headers or not answer.status or answer.status < 400 then
            answer = { status = 503, headers = {}, body = "" }
        end
        return keep_out(txn, answer)
    end
    for _, name in ipairs(identity) do
        txn.http:req_set_header(name, answer.headers[name][0])
    end
    local nonce = answer.headers["dpop-nonce"]
    if nonce then
        txn:set_var("txn.dpop_nonce", nonce[0])
    end
    txn:set_var("txn.gatepass", "passed")
end, 1)

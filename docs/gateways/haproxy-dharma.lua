-- Asks Dharma whether HAProxy may forward a request. Loaded by haproxy.cfg, which says where and by which key.

local socket = assert(os.getenv("DHARMA_SOCKET"), "haproxy.cfg sets no DHARMA_SOCKET")
local key = os.getenv("DHARMA_KEY") or ""
-- More than the section `dharma` takes to give up.
local answer_within_milliseconds = 5000

-- Of the call itself, or of the connection that the client came on.
local not_for_dharma = {
  ["connection"] = true,
  ["content-length"] = true,
  ["content-type"] = true,
  ["expect"] = true,
  ["host"] = true,
  ["keep-alive"] = true,
  ["proxy-connection"] = true,
  ["te"] = true,
  ["trailer"] = true,
  ["transfer-encoding"] = true,
  ["upgrade"] = true,
}

-- Of the answer itself. Every other header of an allow is for the service: empty, it is taken away.
local not_for_the_service = {
  ["cache-control"] = true,
  ["connection"] = true,
  ["content-length"] = true,
  ["content-type"] = true,
  ["date"] = true,
  ["keep-alive"] = true,
  ["transfer-encoding"] = true,
  ["x-dharma-path"] = true,
}

local for_the_client = { "www-authenticate", "content-type", "cache-control", "x-dharma-decision" }

-- The verified certificate of the client as x-forwarded-client-cert has it; nil without one.
local function certificate(txn)
  if txn.f:ssl_c_used() ~= 1 or txn.f:ssl_c_verify() ~= 0 then return nil end
  local text = txn.c:base64(txn.f:ssl_c_der()):gsub(("."):rep(64), "%0\n")
  local pem = "-----BEGIN CERTIFICATE-----\n" .. text .. "\n-----END CERTIFICATE-----\n"
  return 'Cert="' .. pem:gsub("[^%w]", function(byte) return ("%%%02X"):format(byte:byte()) end) .. '"'
end

local function question(txn)
  local headers = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if not not_for_dharma[name] then
      headers[name] = {}
      for index = 0, #values do headers[name][index + 1] = values[index] end
    end
  end
  headers["x-original-method"] = { txn.f:method() }
  headers["x-original-host"] = { txn.f:req_fhdr("host") }
  headers["x-original-uri"] = { txn.f:pathq() }
  headers["x-original-address"] = { txn.f:src() }
  headers["x-forwarded-client-cert"] = { certificate(txn) }
  if key ~= "" then headers["x-dharma-key"] = { key } end
  return headers
end

-- The one value of a header of the answer; nil where there is none, or there are several.
local function only(answer, name)
  local values = answer.headers and answer.headers[name]
  if values == nil or values[1] ~= nil then return nil end
  return values[0]
end

local function refuse(txn, answer)
  local status = answer.status
  local reply = txn:reply()
  if status ~= 401 and status ~= 403 then
    reply:set_status(503)
  else
    reply:set_status(status)
    for _, name in ipairs(for_the_client) do
      local value = only(answer, name)
      if value ~= nil then reply:add_header(name, value) end
    end
    reply:set_body(answer.body or "")
  end
  txn:done(reply)
end

core.register_action("dharma", { "http-req" }, function(txn)
  local answer = core.httpclient():get({
    url = "http://dharma/forward-auth/haproxy",
    dst = socket,
    headers = question(txn),
    timeout = answer_within_milliseconds,
  })
  local path, decision = only(answer, "x-dharma-path"), only(answer, "x-dharma-decision")
  -- Whoever answers 200 and says not what was judged is not Dharma.
  if answer.status ~= 200 or path == nil or path:sub(1, 1) ~= "/" or decision == nil then return refuse(txn, answer) end
  for name in pairs(answer.headers) do
    if not not_for_the_service[name] then
      local value = only(answer, name)
      if value == nil or value == "" then
        txn.http:req_del_header(name)
      else
        txn.http:req_set_header(name, value)
      end
    end
  end
  -- The service gets the path that was judged, not what it would make of the client's text.
  txn.http:req_set_path(path)
  txn:set_var("txn.dharma_decision", decision)
  txn:set_var("txn.dharma_allowed", true)
end)

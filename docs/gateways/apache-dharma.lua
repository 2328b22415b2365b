-- Asks Dharma whether Apache httpd may forward a request. Loaded by apache.conf, which says where and by which key.

local socket = require("socket")

local connect_within_seconds = 1
local answer_within_seconds = 2
local unavailable = 503

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

-- What no client says to Dharma or to the service. Add every header that your policies name in a mechanism or set by an
-- obligation. Many services take the last ones for the method or the path, and neither was judged.
local stripped = {
  ["x-auth-request-user"] = true,
  ["x-customer-tier"] = true,
  ["forwarded"] = true,
  ["x-http-method"] = true,
  ["x-http-method-override"] = true,
  ["x-method-override"] = true,
  ["x-rewrite-url"] = true,
}

-- Many services read X_User and X.User as X-User.
local function is_stripped(name)
  if stripped[name] or name:find("[_.]") then return true end
  return name:find("^x%-dharma%-") or name:find("^x%-original%-") or name:find("^x%-forwarded%-")
end

local function strip(r)
  for name in pairs(r:headers_in_table()) do
    if is_stripped(name:lower()) then r.headers_in[name] = nil end
  end
  -- Headers named in Connection would be taken away after they were set. Of upgrades websocket alone stays.
  local offers_websocket = (r.headers_in["Upgrade"] or ""):lower() == "websocket"
  local wants_close = (","..(r.headers_in["Connection"] or ""):lower():gsub("%s", "")..","):find(",close,", 1, true)
  r.headers_in["Connection"] = offers_websocket and "Upgrade" or wants_close and "close" or nil
  if not offers_websocket then r.headers_in["Upgrade"] = nil end
end

-- A path is judged for the host beside it, so a target brings no host of its own, and none is a tunnel. Bytes beyond ASCII
-- have no one reading.
local function is_refused(r)
  local host = r.headers_in["Host"]
  if host == nil or host == "" or r.method == "CONNECT" then return true end
  return not r.unparsed_uri:find("^/[\x21-\x7e]*$")
end

-- The verified certificate of the client as x-forwarded-client-cert has it; nil without one.
local function certificate(r)
  if not r.is_https or r:ssl_var_lookup("SSL_CLIENT_VERIFY") ~= "SUCCESS" then return nil end
  local pem = r:ssl_var_lookup("SSL_CLIENT_CERT")
  return 'Cert="' .. pem:gsub("[^%w]", function(byte) return ("%%%02X"):format(byte:byte()) end) .. '"'
end

local function question(r, key)
  local lines = { "GET /forward-auth/apache HTTP/1.1", "Host: dharma", "Connection: close" }
  local function say(name, value)
    if value ~= nil and value ~= "" then lines[#lines + 1] = name .. ": " .. value:gsub("[\r\n]", " ") end
  end
  for name, value in pairs(r:headers_in_table()) do
    if not not_for_dharma[name:lower()] then say(name, value) end
  end
  say("X-Original-Method", r.method)
  say("X-Original-Host", r.headers_in["Host"])
  say("X-Original-URI", r.unparsed_uri)
  say("X-Original-Address", r.useragent_ip)
  say("X-Forwarded-Client-Cert", certificate(r))
  say("X-Dharma-Key", key)
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

-- Status and headers of Dharma's answer; nil unless it came whole and in time.
local function ask(address, text)
  local host, port = address:match("^(.+):(%d+)$")
  local connection = socket.tcp()
  connection:settimeout(connect_within_seconds)
  local answer
  if connection:connect(host, tonumber(port)) then
    connection:settimeout(answer_within_seconds, "t")
    answer = connection:send(text) and connection:receive("*a")
  end
  connection:close()
  local status, head = (answer or ""):match("^HTTP/1%.1 (%d%d%d) [^\r\n]*\r\n(.-\r\n)\r\n")
  if status == nil then return nil end
  local headers = {}
  for name, value in head:gmatch("([^:\r\n]+):[ \t]*([^\r\n]*)\r\n") do
    name = name:lower()
    -- Of two that are alike none is believed.
    headers[name] = headers[name] == nil and value or ""
  end
  return tonumber(status), headers
end

function ask_dharma(r)
  local key = r.subprocess_env["DHARMA_KEY"]
  r.subprocess_env["DHARMA_KEY"] = nil
  if is_refused(r) then return 400 end
  strip(r)
  local status, headers = ask(r.subprocess_env["DHARMA_ADDRESS"], question(r, key))
  if status == nil then return unavailable end
  local decision = headers["x-dharma-decision"]
  if decision ~= nil then r.err_headers_out["X-Dharma-Decision"] = decision end
  if status == 401 then
    r.err_headers_out["WWW-Authenticate"] = headers["www-authenticate"]
    return 401
  end
  if status == 403 then return 403 end
  -- Whoever answers 200 and says not what was judged is not Dharma.
  if status ~= 200 or decision == nil or not (headers["x-dharma-path"] or ""):find("^/") then return unavailable end
  for name, value in pairs(headers) do
    if not not_for_the_service[name] then r.headers_in[name] = value ~= "" and value or nil end
  end
  return apache2.OK
end

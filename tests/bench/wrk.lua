-- Sends the octets of a file as each request, and tells the result as one line:  wrk … -s wrk.lua URL -- FILE
-- The octets are read once: wrk sends the same ones again and again without asking Lua for them.

function init(arguments)
   local file = assert(io.open(arguments[1], "rb"))
   local octets = file:read("*a")
   file:close()
   wrk.format = function() return octets end
end

function done(summary, latency)
   local errors = summary.errors
   print(string.format(
      "result requests=%d microseconds=%d octets=%d p50=%d p99=%d connect=%d read=%d write=%d status=%d timeout=%d",
      summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
      errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end

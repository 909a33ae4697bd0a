#include "http/client.h"

#include <httplib.h>

#include "http/socket.h"

namespace weir {

Result<HttpReply> call_http(const HttpCall& call) {
  httplib::Client client(call.address, call.port);
  client.set_connection_timeout(std::chrono::seconds(5));
  client.set_read_timeout(call.timeout);
  httplib::Headers headers;
  if (!call.api_key.empty()) headers.emplace("Authorization", "Bearer " + call.api_key.reveal());
  const auto result = call.method == "POST" ? client.Post(call.path, headers, call.json_body, "application/json")
                                            : client.Get(call.path, headers);
  if (!result) {
    return fail(ErrorCode::kIo, "http",
                "no answer from " + endpoint_text(call.address, call.port) + ": " + httplib::to_string(result.error()));
  }
  return HttpReply{result->status, result->body};
}

}  // namespace weir

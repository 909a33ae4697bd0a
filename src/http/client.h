#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace weir {

/// A call to the admin API of a running weir.
struct HttpCall {
  std::string address = "127.0.0.1";  ///< a numeric address
  uint16_t port = 9464;
  std::string method = "GET";
  std::string path;
  std::string json_body;              ///< of a POST; empty for none
  Secret api_key;                     ///< empty: none is sent
  std::chrono::seconds timeout{120};  ///< for the answer to begin: a reload compiles first
};

struct HttpReply {
  int status = 0;
  std::string body;
};

/// Makes one call and blocks for the answer. kIo when nobody answers.
Result<HttpReply> call_http(const HttpCall& call);

}  // namespace weir

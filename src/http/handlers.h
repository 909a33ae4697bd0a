#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// One call to the admin API that has passed all layers. Views are valid during the call only.
struct ApiCall {
  std::string_view caller;  ///< the name of its API key, or "loopback"
  std::string_view id;      ///< what stands in the path for the route's {id}, decoded
  std::string_view body;
  std::string_view query;           ///< behind the path's "?", as it was sent; empty where the route takes none
  std::string_view remote_address;  ///< numeric
};
struct ApiAnswer {
  int status = 200;
  std::string body;  ///< JSON
};

/// One path of the admin API. One of its segments may be {id}: any text then, percent-encoded. It takes no query
/// unless it says so; a POST is a change of state and must not come from another site's page.
struct ApiRoute {
  enum class Method { kGet, kPost };
  enum class Body { kNone, kJson };
  enum class Query { kNone, kTaken };

  Method method = Method::kGet;
  std::string path;
  Body body = Body::kNone;
  std::function<ApiAnswer(const ApiCall&)> answer;
  Query query = Query::kNone;
};

/// What the probes answer with: 200 or 503, and one line of text that says why.
struct Health {
  bool ok = false;
  std::string detail;  ///< for whoever may read the port: no secrets, no paths, no internals
};

/// Where the answers come from. Called in the server's threads, several at once. An exception becomes a generic 500.
struct HttpHandlers {
  std::function<std::string()> metrics;
  std::string metrics_content_type;
  std::function<Health()> healthy;  ///< /-/healthy: the process should not be restarted
  std::function<Health()> ready;    ///< /-/ready: the process does its work
  std::vector<ApiRoute> api;
  /// Hears of each answer, for counts. May be empty.
  std::function<void(int status)> answered;
};

}  // namespace weir

#pragma once

#include <atomic>
#include <vector>

#include "config/config.h"
#include "http/handlers.h"
#include "kafka/engine.h"
#include "lane/log_sink.h"

namespace weir {

/// What the part of the admin API that is about clients needs. All must outlive the HTTP server.
struct ClientApiContext {
  const Config& config;
  const std::atomic<const Engine*>& engine;  ///< null as long as the brokers are waited for
  LogSink log;
};

/// GET /api/v1/clients/{id}, what is kept of one client, and POST …/forget and …/silence (docs/admin-api.md).
std::vector<ApiRoute> client_routes(const ClientApiContext& context);

}  // namespace weir

#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <vector>

#include "app/daemon/rule_reloader.h"
#include "config/config.h"
#include "http/server.h"
#include "kafka/engine.h"
#include "lane/log_sink.h"
#include "pipeline/rule_slot.h"

namespace weir {

/// What the admin API tells of and acts upon. All must outlive the HTTP server, and may be used in its threads.
struct AdminContext {
  const Config& config;
  const RuleSlot& rules;
  RuleReloader& reloader;
  const std::atomic<const Engine*>& engine;  ///< null as long as the brokers are waited for
  std::function<Health()> readiness;
  std::chrono::steady_clock::time_point started;
  LogSink log;
};

/// The routes: POST /-/reload, GET /-/status, those of client_routes(), POST /api/v1/analyze and, for a source, /api/v1/analyze/NAME, and
/// GET /api/v1/openapi.json (docs/admin-api.md).
std::vector<ApiRoute> admin_routes(const AdminContext& context);

}  // namespace weir

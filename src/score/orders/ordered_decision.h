#pragma once

#include <string>
#include <string_view>

#include "score/alert_id.h"
#include "score/decisions/decision.h"
#include "score/orders/client_order.h"

namespace weir {

/// The decision that an order of the kind kDecide makes, without what it acts on.
inline Decision ordered_decision(const ClientOrder& order) {
  std::string origin(to_string(order.kind));
  for (const std::string_view part :
       {to_string(order.client_kind), order.client, to_string(order.action), order.caller, order.reason})
    origin.append(1, '\0').append(part);
  origin.append(1, '\0').append(std::to_string(order.from_ms)).append(1, '\0').append(std::to_string(order.until_ms));
  Decision decision;
  decision.id = uuid_of(origin);
  decision.client_kind = order.client_kind;
  decision.client = order.client;
  decision.action = order.action;
  decision.reason = order.reason;
  decision.caller = order.caller;
  decision.from_ms = order.from_ms;
  decision.until_ms = order.until_ms;
  decision.retry_after = order.retry_after;
  return decision;
}

}  // namespace weir

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "score/orders/client_order.h"

namespace weir {

/// What a call asks to be decided about a client.
struct OrderRequest {
  static constexpr Milliseconds kSilenceMax{7LL * 24 * 3'600 * 1'000};
  static constexpr Milliseconds kDecisionMax{366LL * 24 * 3'600 * 1'000};
  static constexpr Milliseconds kRetryAfterMax{24LL * 3'600 * 1'000};

  std::string reason;                            ///< why; never empty
  std::string episode;                           ///< of a silence: of this episode alone; empty: of the client
  Milliseconds lasts{0};                         ///< a silence, of which 0 ends one, or a decision
  DecisionAction action = DecisionAction::kBan;  ///< of a decision, as what follows
  Milliseconds retry_after{0};
};

/// Reads the body of a call: {"reason": TEXT} and, of a silence, "duration_s" and perhaps "episode_id"; of a
/// decision "action", "duration_s" and perhaps "retry_after_s". An error says for the caller
/// what is wrong with it.
Result<OrderRequest> read_order(OrderKind kind, std::string_view body);

}  // namespace weir

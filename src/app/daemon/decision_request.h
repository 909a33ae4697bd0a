#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "score/decisions/decision.h"

namespace weir {

/// What a call asks to be decided about a client.
struct DecisionRequest {
  static constexpr Milliseconds kSilenceMax{7LL * 24 * 3'600 * 1'000};

  std::string reason;     ///< why; never empty
  std::string episode;    ///< of a silence: of this episode alone; empty: of the client
  Milliseconds lasts{0};  ///< a silence; 0 ends one
};

/// Reads the body of a call: {"reason": TEXT} and, of a silence, "duration_s" and perhaps "episode_id". An error says for the caller
/// what is wrong with it.
Result<DecisionRequest> read_decision(DecisionKind kind, std::string_view body);

}  // namespace weir

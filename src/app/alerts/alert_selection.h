#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/alerts/alert_view.h"
#include "app/terminal/interruption.h"
#include "base/result.h"
#include "config/config.h"

namespace weir {

/// Which alerts a person names: those of a file, or those of the topic with these ids.
struct AlertSelection {
  std::string file;              ///< "-" is standard input; empty: the topic
  std::string topic;             ///< empty: the configuration's
  std::vector<std::string> ids;  ///< or their beginnings; empty: all
};

/// Gives each of them, decrypted where the configuration has the key. An error, a sentence for people, when one is missing or there are none.
/// Blocks on the file or the brokers.
Status read_alerts(const Config& config, const AlertSelection& selection, Interruption& interruption,
                   const std::function<void(const AlertView&)>& take);

}  // namespace weir

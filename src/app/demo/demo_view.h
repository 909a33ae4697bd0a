#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "app/terminal/terminal.h"

namespace weir {

/// What a person sees of the demo: alerts as they appear, and below them a live line of rates (on a terminal; elsewhere a
/// line every few seconds). Thread-safe.
class DemoView {
 public:
  struct Figures {
    double seconds = 0;
    uint64_t fed = 0, scored = 0, alerts = 0, dead_letters = 0;
  };

  DemoView();

  void started(size_t rules, const std::string& bootstrap_servers, uint16_t http_port);
  /// One alert of the alerts topic, as published (OCSF JSON).
  void alert(std::string_view ocsf_json);
  void rates(const Figures& figures);
  void message(std::string_view text);
  void summary(const Figures& figures);
  /// Leaves the terminal clean.
  void finish();

 private:
  void clear_live_line();
  void draw_live_line();

  std::mutex mutex_;
  bool is_terminal_;
  Palette palette_;
  std::string live_line_;
  bool live_line_drawn_ = false;
  Figures last_;
  double last_drawn_seconds_ = -1;
};

}  // namespace weir

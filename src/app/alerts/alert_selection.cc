#include "app/alerts/alert_selection.h"

#include <algorithm>
#include <optional>
#include <set>

#include "alert/encrypting_encoder.h"
#include "app/alerts/alert_lines.h"
#include "app/terminal/terminal.h"

namespace weir {
namespace {

/// Takes up those alerts that are asked for.
class Picker {
 public:
  Picker(const std::vector<std::string>& ids, const Config& config, const std::function<void(const AlertView&)>& take)
      : ids_(ids), take_(take) {
    if (config.alerts.encryption_keys.empty()) return;
    if (auto keys = FernetKeys::parse(config.alerts.encryption_keys)) keys_ = std::move(*keys);
  }

  /// True once all that was asked for is there.
  bool take(const std::string& line) {
    std::string json = line;
    if (keys_)
      if (auto plain = decrypt_alert(line, *keys_, {})) json = std::move(*plain);
    const auto alert = AlertView::parse(json);
    if (!alert) {
      ++strangers_;
      return false;
    }
    const auto wanted =
        std::find_if(ids_.begin(), ids_.end(), [&](const auto& id) { return alert->id().starts_with(id); });
    if (!ids_.empty() && wanted == ids_.end()) return false;
    if (wanted != ids_.end()) found_.insert(*wanted);
    ++taken_;
    take_(*alert);
    return !ids_.empty() && found_.size() == ids_.size();
  }

  /// What is wrong with what was read; empty: nothing.
  [[nodiscard]] std::string complaint() const {
    for (const auto& id : ids_)
      if (!found_.contains(id)) return "there is no alert whose id begins with " + printable(id);
    if (taken_ > 0) return {};
    return strangers_ > 0 ? "these are no alerts of weir: give it what weir alerts list --json or "
                            "weir scan --output alerts prints, one alert a line"
                          : "there are no alerts";
  }

 private:
  const std::vector<std::string>& ids_;
  const std::function<void(const AlertView&)>& take_;
  std::optional<FernetKeys> keys_;
  std::set<std::string> found_;
  uint64_t taken_ = 0, strangers_ = 0;
};

}  // namespace

Status read_alerts(const Config& config, const AlertSelection& selection, Interruption& interruption,
                   const std::function<void(const AlertView&)>& take) {
  auto lines = AlertLines::open(config, selection.file, selection.topic, AlertLines::Start::kBeginning,
                                AlertLines::End::kWhatIsThere);
  if (!lines) return tl::unexpected<Error>(lines.error());
  Picker picker(selection.ids, config, take);
  while (true) {
    const auto line = lines->next(interruption);
    if (!line) return tl::unexpected<Error>(line.error());
    if (!*line) break;
    if (!(*line)->empty() && picker.take(**line)) break;
  }
  if (const std::string complaint = picker.complaint(); !complaint.empty())
    return fail(ErrorCode::kNotFound, "alerts", complaint);
  return {};
}

}  // namespace weir

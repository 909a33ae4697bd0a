#include "app/alerts/alert_view.h"

#include <algorithm>

#include "event/values/timestamp.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_integer()) return std::to_string(json.get<int64_t>());
  return {};
}

bool is_among(const std::vector<std::string>& wanted, const std::string& text) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), text) != wanted.end();
}

}  // namespace

std::optional<AlertView> AlertView::parse(std::string_view json) {
  AlertView view;
  view.json_ = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!view.json_.is_object()) return std::nullopt;
  view.is_ecs_ = view.json_.contains("ecs");
  if (view.own("kind").empty() || view.id().empty()) return std::nullopt;
  if (const auto time = parse_timestamp(view.text("/time", "/@timestamp"), TimestampFormat::kAuto)) view.time_ = *time;
  return view;
}

const Json* AlertView::at(const char* ocsf, const char* ecs) const {
  const Json::json_pointer pointer(is_ecs_ ? ecs : ocsf);
  return json_.contains(pointer) ? &json_.at(pointer) : nullptr;
}

std::string AlertView::text(const char* ocsf, const char* ecs) const {
  const Json* there = at(ocsf, ecs);
  return there == nullptr ? std::string() : text_of(*there);
}

int64_t AlertView::number(const char* ocsf, const char* ecs) const {
  const Json* there = at(ocsf, ecs);
  return there != nullptr && there->is_number_integer() ? there->get<int64_t>() : 0;
}

std::string AlertView::own(std::string_view member) const {
  const std::string name(member);
  return text(("/unmapped/weir/" + name).c_str(), ("/weir/" + name).c_str());
}

std::vector<std::string> AlertView::own_list(std::string_view member) const {
  const std::string name(member);
  std::vector<std::string> texts;
  if (const Json* list = at(("/unmapped/weir/" + name).c_str(), ("/weir/" + name).c_str()); list && list->is_array())
    for (const Json& json : *list)
      texts.push_back(text_of(json));
  return texts;
}

bool AlertView::is_encrypted() const {
  return at("/evidences/0/data/fernet", "/weir/fernet") != nullptr;
}

bool AlertFilter::takes(const AlertView& alert) const {
  if (alert.severity() < severity_min || (since && alert.time() < *since)) return false;
  if (!is_among(kinds, alert.own("kind")) || !is_among(clients, alert.own("client")) || !is_among(hosts, alert.host()))
    return false;
  if (categories.empty()) return true;
  const auto its = alert.own_list("categories");
  return std::any_of(its.begin(), its.end(), [&](const std::string& text) { return is_among(categories, text); });
}

}  // namespace weir

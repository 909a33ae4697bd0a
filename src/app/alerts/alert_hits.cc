#include "app/alerts/alert_hits.h"

#include <algorithm>

#include "app/terminal/terminal.h"
#include "base/enum_names.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kEvidencesMax = 64;

std::string text_of(const Json& json, const char* member) {
  const auto found = json.find(member);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

PlaceMask places_of(const std::string& name) {
  const auto place = from_name<Place>(name);
  return place ? exclusion_places_of(*place) : 0;
}

}  // namespace

bool AlertHits::add(const AlertView& alert) {
  const auto refuse = [&](const std::string& why) {
    notes_.push_back("alert " + printable(alert.id()) + why);
    return false;
  };
  if (alert.is_encrypted()) return refuse(": its evidence is encrypted; decrypt it first, with weir decrypt");
  bool added = false;
  for (size_t i = 0; i < kEvidencesMax; ++i) {
    const std::string evidence = "/evidences/" + std::to_string(i);
    // ECS has room for the first one only.
    const char* const none = "/weir/none";
    const auto at = [&](const char* below, const char* ecs) {
      return alert.at((evidence + below).c_str(), i == 0 ? ecs : none);
    };
    const auto text = [&](const char* below, const char* ecs) {
      const Json* value = at(below, ecs);
      return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
    };
    const Json* hits = at("/data/hits", "/weir/hits");
    if (hits == nullptr || !hits->is_array()) break;
    FalseHit request;
    request.method = text("/http_request/http_method", "/http/request/method");
    request.host = text("/http_request/url/hostname", "/url/domain");
    request.path = text("/http_request/url/path", "/url/path");
    request.client = alert.own("client");
    request.comment =
        comment_.empty() ? "false alarm " + printable(alert.id()) + ": " + printable(alert.title()) : comment_;
    added = add_hits(*hits, request) || added;
  }
  if (added) return true;
  if (alert.own("kind") != "attack")
    return refuse(" is of kind " + printable(alert.own("kind")) +
                  ": it comes of what its client did, not of rule hits; an exclusion of its client would be an entry "
                  "of policy.allow");
  return refuse(rules_.empty() ? " has no rule hits" : " has no hits of these rules");
}

bool AlertHits::add_hits(const Json& hits, const FalseHit& request) {
  bool added = false;
  for (const Json& json : hits) {
    const std::string rule = text_of(json, "rule_id");
    const bool wanted =
        rules_.empty() ? json.value("weight", 1) > 0 : std::find(rules_.begin(), rules_.end(), rule) != rules_.end();
    if (rule.empty() || !wanted) continue;
    FalseHit hit = request;
    hit.rule = rule;
    hit.places = places_of(text_of(json, "place"));
    // A masked name names nothing.
    const std::string parameter = text_of(json, "parameter");
    if (hit.places != 0 && parameter.find("***") == std::string::npos) hit.parameter = parameter;
    hits_.push_back(std::move(hit));
    added = true;
  }
  return added;
}

}  // namespace weir

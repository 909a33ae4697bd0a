#include "app/verdicts/verdict.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "event/values/timestamp.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void add_once(std::vector<AlertCause>& causes, std::string id, std::string title) {
  if (id.empty()) return;
  const auto is_it = [&](const AlertCause& cause) { return cause.id == id; };
  if (std::none_of(causes.begin(), causes.end(), is_it)) causes.push_back({std::move(id), std::move(title)});
}

void add_hits(const Json& hits, std::vector<AlertCause>& causes) {
  if (!hits.is_array()) return;
  for (const Json& hit : hits) {
    if (hit.is_object() && hit.value("weight", 1) > 0) add_once(causes, text_of(hit, "rule_id"), text_of(hit, "title"));
  }
}

}  // namespace

std::vector<AlertCause> causes_of(const AlertView& alert) {
  std::vector<AlertCause> causes;
  for (size_t i = 0;; ++i) {
    const std::string hits = "/evidences/" + std::to_string(i) + "/data/hits";
    const Json* found = alert.at(hits.c_str(), i == 0 ? "/weir/hits" : "/weir/none");
    if (found == nullptr) break;
    add_hits(*found, causes);
  }
  if (alert.own("kind") == "correlation")
    add_once(causes, alert.text("/finding_info/analytic/uid", "/rule/id"), alert.title());
  // Hits that are encrypted: the foremost rule stands in the open.
  if (causes.empty() && alert.own("kind") == "attack")
    add_once(causes, alert.text("/finding_info/analytic/uid", "/rule/id"), alert.title());
  if (!causes.empty()) return causes;
  for (const std::string& reason : alert.own_list("reasons"))
    add_once(causes, reason, alert.own("kind") + ": " + reason);
  return causes;
}

std::string to_json(const Verdict& verdict) {
  Json causes = Json::array();
  for (const AlertCause& cause : verdict.causes)
    causes.push_back({{"id", cause.id}, {"title", cause.title}});
  return Json{{"episode", verdict.episode}, {"alert", verdict.alert}, {"verdict", std::string(to_string(verdict.as))},
              {"note", verdict.note},       {"by", verdict.by},       {"time", format_rfc3339(verdict.time)},
              {"kind", verdict.kind},       {"title", verdict.title}, {"causes", std::move(causes)}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Verdict> parse_verdict(std::string_view json) {
  const auto refuse = [](const char* what) { return fail(ErrorCode::kParse, "verdict", what); };
  const Json object = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return refuse("it is no JSON object");
  Verdict verdict;
  verdict.episode = text_of(object, "episode");
  verdict.alert = text_of(object, "alert");
  if (verdict.episode.empty()) return refuse("it names no episode");
  const auto marked = from_name<MarkedAs>(text_of(object, "verdict"));
  if (!marked) return refuse("\"verdict\" is neither \"true\" nor \"false\"");
  verdict.as = *marked;
  verdict.note = text_of(object, "note");
  verdict.by = text_of(object, "by");
  if (const auto time = parse_timestamp(text_of(object, "time"), TimestampFormat::kAuto)) verdict.time = *time;
  verdict.kind = text_of(object, "kind");
  verdict.title = text_of(object, "title");
  if (const auto causes = object.find("causes"); causes != object.end() && causes->is_array()) {
    for (const Json& cause : *causes)
      if (cause.is_object()) add_once(verdict.causes, text_of(cause, "id"), text_of(cause, "title"));
  }
  return verdict;
}

void VerdictBook::take(const std::string& episode, std::string_view json) {
  if (json.empty()) {
    verdicts_.erase(episode);
    return;
  }
  auto verdict = parse_verdict(json);
  if (!verdict || verdict->episode != episode) {
    ++unreadable_;
    return;
  }
  if (verdicts_.size() >= kEpisodesMax && !verdicts_.contains(episode)) {
    ++left_out_;
    return;
  }
  verdicts_.insert_or_assign(episode, std::move(*verdict));
}

const Verdict* VerdictBook::find(std::string_view episode) const {
  const auto found = verdicts_.find(episode);
  return found == verdicts_.end() ? nullptr : &found->second;
}

std::map<std::string, CauseVerdicts> by_cause(const VerdictBook& book) {
  std::map<std::string, CauseVerdicts> causes;
  for (const auto& [episode, verdict] : book.all()) {
    for (const AlertCause& cause : verdict.causes) {
      CauseVerdicts& of = causes[cause.id];
      of.title = cause.title;
      ++(verdict.as == MarkedAs::kFalse ? of.is_false : of.is_true);
    }
  }
  return causes;
}

}  // namespace weir

#include "alert/ocsf_parts.h"

#include <algorithm>
#include <string>
#include <vector>

namespace weir {
namespace {

constexpr std::string_view kEnriched = "evidences[0].src_endpoint.ip";

void write_texts_if_any(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.begin_array(name);
  for (const std::string& text : texts)
    json.text(text);
  json.end_array();
}

std::string_view version_of(const AddressContext& context, std::string_view source) {
  for (const ContextSource& context_source : context.sources)
    if (context_source.name == source) return context_source.version;
  return {};
}

/// `data` writes the members of what is said.
template <typename Data>
void write_enrichment(JsonWriter& json, const Alert& alert, std::string_view type, std::string_view source, Data data) {
  json.begin_object();
  json.text("name", kEnriched);
  json.text("value", alert.address.to_string());
  json.text("type", type);
  json.text("provider", std::string(source) + " " + std::string(version_of(*alert.context, source)));
  json.begin_object("data");
  data();
  json.end_object();
  json.end_object();
}

}  // namespace

void write_made_of(JsonWriter& json, const Alert& alert) {
  const auto is_empty = [](const std::vector<ValueCount>& values) { return values.empty(); };
  if (std::all_of(alert.made_of.begin(), alert.made_of.end(), is_empty)) return;
  json.begin_object("made_of");
  for (size_t kind = 0; kind < kValueKinds; ++kind) {
    const auto& values = alert.made_of[kind];
    if (values.empty()) continue;
    json.begin_object(to_string(static_cast<ValueKind>(kind)));
    json.begin_array("values");
    uint64_t named = 0;
    for (const ValueCount& value : values) {
      json.begin_object();
      json.text("value", value.value);
      json.number("requests", static_cast<int64_t>(value.requests));
      json.end_object();
      named += value.requests;
    }
    json.end_array();
    if (alert.count > named) json.number("others", static_cast<int64_t>(alert.count - named));
    json.end_object();
  }
  json.end_object();
}

void write_window(JsonWriter& json, const Alert& alert) {
  const bool is_abuse = alert.kind == AlertKind::kAbuse;
  const uint64_t requests = is_abuse ? alert.verdict.requests : alert.burst.requests;
  if (requests == 0) return;
  json.begin_object("window");
  json.number("requests", static_cast<int64_t>(requests));
  if (is_abuse) {
    json.number("addresses", alert.verdict.addresses);
    json.number("agents", alert.verdict.agents);
  }
  json.end_object();
}

void write_whereabouts(JsonWriter& json, const AddressContext& context) {
  if (!context.country.empty()) {
    json.begin_object("location");
    json.text("country", context.country);
    json.end_object();
  }
  if (context.as_number == 0) return;
  json.begin_object("autonomous_system");
  json.number("number", context.as_number);
  json.text("name", context.as_name);
  json.end_object();
}

void write_related_events(JsonWriter& json, const Alert& alert) {
  constexpr int64_t kFindingCreated = 200401;
  if (alert.related.empty()) return;
  json.begin_array("related_events");
  for (const RelatedEpisode& episode : alert.related) {
    json.begin_object();
    json.text("uid", episode.opening_id);
    json.number("type_uid", kFindingCreated);
    json.text("type_name", "Detection Finding: Create");
    json.text("title", episode.title);
    json.end_object();
  }
  json.end_array();
}

void write_related(JsonWriter& json, const Alert& alert) {
  if (alert.related.empty()) return;
  json.begin_array("related");
  for (const RelatedEpisode& episode : alert.related) {
    json.begin_object();
    json.text("kind", to_string(episode.kind));
    json.text("episode", episode.episode_id);
    json.text("opened_by", episode.opening_id);
    json.text("title", episode.title);
    json.end_object();
  }
  json.end_array();
}

void write_enrichments(JsonWriter& json, const Alert& alert) {
  if (!alert.context) return;
  const AddressContext& context = *alert.context;
  if (context.country.empty() && context.as_number == 0 && context.threat_lists.empty() && context.crawler.empty())
    return;
  json.begin_array("enrichments");
  if (!context.country.empty()) {
    write_enrichment(json, alert, "country", "country_database", [&] { json.text("country", context.country); });
  }
  if (context.as_number != 0) {
    write_enrichment(json, alert, "autonomous_system", "asn_database", [&] {
      json.number("number", context.as_number);
      json.text("name", context.as_name);
    });
  }
  for (const std::string& list : context.threat_lists)
    write_enrichment(json, alert, "threat_list", list, [&] { json.text("list", list); });
  if (!context.crawler.empty())
    write_enrichment(json, alert, "crawler", context.crawler, [&] { json.text("crawler", context.crawler); });
  json.end_array();
}

void write_context(JsonWriter& json, const AddressContext& context) {
  json.begin_object("enrichment");
  json.text("country", context.country);
  if (context.as_number != 0) json.number("as_number", context.as_number);
  json.text("as_name", context.as_name);
  write_texts_if_any(json, "threat_lists", context.threat_lists);
  json.text("crawler", context.crawler);
  json.text("claimed_crawler", context.claimed_crawler);
  json.begin_array("sources");
  for (const ContextSource& source : context.sources) {
    json.begin_object();
    json.text("name", source.name);
    json.text("version", source.version);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

}  // namespace weir

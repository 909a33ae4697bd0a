#include "pipeline/correlation_feed.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"
#include "base/binary_format.h"

namespace weir {
namespace {

size_t index_of(const std::vector<Correlation>& correlations, const std::string& id) {
  const auto found =
      std::find_if(correlations.begin(), correlations.end(), [&](const auto& item) { return item.id == id; });
  return static_cast<size_t>(found - correlations.begin());
}

/// True if every correlation that takes this one in lets it alert by itself, or none does.
bool alerts_by_itself(const std::vector<Correlation>& correlations, const std::string& id) {
  bool is_taken_in = false, is_generated = false;
  for (const auto& correlation : correlations)
    for (const auto& source : correlation.sources) {
      if (source.id != id) continue;
      is_taken_in = true;
      is_generated = is_generated || correlation.generate;
    }
  return !is_taken_in || is_generated;
}

CorrelationDefinition definition_of(const Correlation& correlation) {
  CorrelationDefinition out;
  out.id = correlation.id;
  out.title = correlation.title;
  out.tags = correlation.tags;
  out.level = correlation.level;
  out.type = correlation.type;
  out.bounds = correlation.bounds;
  out.percentile = correlation.percentile;
  out.timespan_ms = correlation.timespan_ms;
  out.sources = static_cast<uint8_t>(correlation.sources.size());
  out.group_by = correlation.group_by;
  return out;
}

void append_part(std::string& text, std::string_view part) {
  BinaryWriter(text).text(part);
}

}  // namespace

CorrelationFeed::CorrelationFeed(const RuleSet& rules, const SipHashKey& key, Masker masker)
    : key_(key), masker_(masker) {
  const auto& correlations = rules.correlations();
  define(correlations);
  const auto& infos = rules.rules();
  for (uint32_t i = 0; i < correlations.size(); ++i) {
    value_fields_.emplace_back();
    for (const auto& name : correlations[i].fields)
      if (const auto field = find_correlation_field(name)) value_fields_.back().push_back(*field);
    for (uint8_t source = 0; source < correlations[i].sources.size(); ++source) {
      const CorrelationSource& from = correlations[i].sources[source];
      // A rule above the security level is not there: it never hits.
      const auto rule = std::find_if(infos.begin(), infos.end(), [&](const auto& info) { return info.id == from.id; });
      if (from.is_correlation || rule == infos.end()) continue;
      feeds_.push_back({static_cast<uint32_t>(rule - infos.begin()), i, grouping_of(correlations[i], from), source});
    }
  }
  std::stable_sort(feeds_.begin(), feeds_.end(), [](const Feed& a, const Feed& b) { return a.rule < b.rule; });
  first_feed_.resize(infos.size() + 1);
  for (const Feed& feed : feeds_)
    ++first_feed_[feed.rule + 1];
  for (size_t i = 1; i < first_feed_.size(); ++i)
    first_feed_[i] += first_feed_[i - 1];
  groups_.resize(groupings_.size());
}

/// The definitions, from the ends of the chains on, since a definition's hash is made of those it feeds.
void CorrelationFeed::define(const std::vector<Correlation>& correlations) {
  definitions_.resize(correlations.size());
  size_t missing = correlations.size();
  while (missing > 0) {
    const size_t missing_before = missing;
    for (size_t i = 0; i < correlations.size(); ++i) {
      if (definitions_[i]) continue;
      CorrelationDefinition definition = definition_of(correlations[i]);
      definition.alerts = alerts_by_itself(correlations, correlations[i].id);
      bool is_ready = true;
      for (const auto& fed : correlations)
        for (uint8_t source = 0; source < fed.sources.size(); ++source) {
          if (fed.sources[source].id != correlations[i].id) continue;
          const CorrelationDefinition* to = definitions_[index_of(correlations, fed.id)].get();
          is_ready = is_ready && to != nullptr;
          if (definition.feeds.size() < CorrelationDefinition::kFeedsMax) definition.feeds.push_back({to, source});
        }
      if (!is_ready) continue;
      definition.set_hash();
      definitions_[i] = std::make_unique<CorrelationDefinition>(std::move(definition));
      --missing;
    }
    WEIR_ASSERT(missing < missing_before, "link_correlations() refuses cycles");
  }
}

uint32_t CorrelationFeed::grouping_of(const Correlation& correlation, const CorrelationSource& source) {
  Grouping wanted;
  wanted.names = correlation.group_by;
  for (const auto& name : correlation.group_by) {
    const auto field = find_correlation_field(field_name_of(correlation, source, name));
    WEIR_ASSERT(field.has_value(), "check_correlations() has passed the correlations");
    wanted.fields.push_back(*field);
  }
  // An alias may stand for something else in another rule's records.
  wanted.is_client = wanted.fields.size() == 1 && correlation.aliases.count(wanted.names[0]) == 0 &&
                     (wanted.fields[0].kind == CorrelationField::Kind::kClient ||
                      wanted.fields[0].kind == CorrelationField::Kind::kAddress);
  for (uint32_t i = 0; i < groupings_.size(); ++i) {
    const Grouping& grouping = groupings_[i];
    if (grouping.names == wanted.names && grouping.fields == wanted.fields && grouping.is_client == wanted.is_client)
      return i;
  }
  groupings_.push_back(std::move(wanted));
  return static_cast<uint32_t>(groupings_.size() - 1);
}

void CorrelationFeed::collect(const Detection& detection) {
  pending_.clear();
  for (const Hit& hit : detection.hits) {
    for (uint32_t i = first_feed_[hit.rule]; i < first_feed_[hit.rule + 1]; ++i) {
      const Feed& feed = feeds_[i];
      const auto same = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& pending) {
        return pending.correlation == feed.correlation && pending.grouping == feed.grouping;
      });
      if (same == pending_.end())
        pending_.push_back({feed.correlation, feed.grouping, uint64_t{1} << feed.source});
      else
        same->sources |= uint64_t{1} << feed.source;
    }
  }
}

const CorrelationFeed::Group& CorrelationFeed::group_of(uint32_t number, const Event& event,
                                                        const ClientIdentity& client, Arena& arena) {
  Group& group = groups_[number];
  if (group.record == record_) return group;
  const Grouping& grouping = groupings_[number];
  group = {record_, true, 0, {}};
  hashed_.assign("correlation");
  shown_.clear();
  for (size_t i = 0; i < grouping.fields.size(); ++i) {
    const std::string_view value = value_of(grouping.fields[i], event, client, buffer_);
    if (value.empty()) {
      group.complete = false;
      return group;
    }
    append_part(hashed_, grouping.names[i]);
    append_part(hashed_, value);
    if (grouping.is_client) {
      const bool is_address = grouping.fields[i].kind == CorrelationField::Kind::kAddress;
      group.hash = is_address ? client_hash_of(key_, ClientKind::kAddress, value) : client.hash;
    }
    value_.clear();
    const bool shows_hash =
        grouping.fields[i].text == EventText::kCookie || grouping.fields[i].text == EventText::kBody;
    append_shown(grouping.fields[i], value, shows_hash ? siphash(key_, value) : 0, masker_, value_);
    append_part(shown_, value_);
  }
  if (!grouping.is_client) group.hash = siphash(key_, hashed_);
  group.text = arena.copy(shown_);
  return group;
}

/// The value that counts for a correlation; false when the record has none.
bool CorrelationFeed::value_for(uint32_t correlation, const Event& event, const ClientIdentity& client,
                                uint64_t& value) {
  const auto& fields = value_fields_[correlation];
  value = 0;
  if (fields.empty()) return true;
  if (definitions_[correlation]->type != CorrelationType::kValueCount) {
    value = std::bit_cast<uint64_t>(event_number(event, fields[0].number));
    return fields[0].number != EventNumber::kStatus || event.status != 0;
  }
  hashed_.clear();
  for (const auto& field : fields) {
    const std::string_view text = value_of(field, event, client, buffer_);
    if (text.empty()) return false;
    append_part(hashed_, text);
  }
  value = siphash(key_, hashed_);
  return true;
}

void CorrelationFeed::take(const Event& event, const ClientIdentity& client, const Detection& detection,
                           const Observation& observation, Arena& arena, std::vector<CorrelationEvent>& out) {
  if (!active()) return;
  collect(detection);
  if (pending_.empty()) return;
  ++record_;
  for (const Pending& pending : pending_) {
    const Group& group = group_of(pending.grouping, event, client, arena);
    if (!group.complete) continue;
    CorrelationEvent made;
    if (!value_for(pending.correlation, event, client, made.value)) continue;
    made.definition = definitions_[pending.correlation].get();
    made.group_hash = group.hash;
    made.group = group.text;
    made.sources = pending.sources;
    made.time = observation.time;
    made.at = observation.at;
    made.client_kind = observation.client_kind;
    made.address = observation.address;
    out.push_back(made);
  }
}

}  // namespace weir

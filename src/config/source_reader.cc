#include "config/source_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "config/checks.h"
#include "config/property.h"
#include "config/property_value.h"
#include "config/source_topics.h"
#include "config/suggest.h"

namespace weir {
namespace {

constexpr std::string_view kInput = "input";
constexpr std::string_view kInputFields = "input.fields";
constexpr size_t kSourceNameBytesMax = 64;

bool is_label(std::string_view name) {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= kSourceNameBytesMax && std::all_of(name.begin(), name.end(), legal);
}

/// Reads one entry of the list. The keys are those of `input`, so the same table reads them.
class SourceReader {
 public:
  SourceReader(const YamlNode& node, const std::string& file, const Config& defaults)
      : node_(node), file_(file), findings_(found_), scratch_(defaults) {
    scratch_.sources.clear();
    scratch_.input_is_chosen = false;
    std::erase_if(scratch_.places, [](const auto& place) { return place.first.starts_with("input."); });
  }

  SourceConfig read() {
    if (!node_.is_map()) {
      findings_.error(at(node_), "an entry of sources must be a map, not " + std::string(describe(node_.kind)),
                      "for example {name: web, topics: [access], profile: nginx}");
      return {};
    }
    for (const auto& entry : node_.entries)
      take(entry);
    check_own();
    for (const Property& property : properties()) {
      const auto given = given_.find(property.path);
      if (given == given_.end()) continue;
      const Origin origin{file_, given->second->position};
      scratch_.places[std::string(property.path)] = {origin.source, origin.position.line, origin.position.column};
      set_property(property, given->second->value, origin, scratch_, findings_);
    }
    std::erase(scratch_.input.profile.unwrap, "");
    check_input(scratch_, found_);
    source_.input = std::move(scratch_.input);
    source_.input_is_chosen = scratch_.input_is_chosen;
    source_.fields_chosen = scratch_.fields_chosen;
    source_.time_zone = std::move(scratch_.time_zone);
    source_.trusted_proxies = std::move(scratch_.trusted_proxies);
    source_.client_order = std::move(scratch_.client_order);
    source_.identity_headers = std::move(scratch_.identity_headers);
    return std::move(source_);
  }

  /// What was found, in the words of a source's keys.
  Diagnostics diagnostics(size_t number) {
    const std::string where = "source " + (source_name_.empty() ? std::to_string(number + 1) : source_name_) + ": ";
    for (Diagnostic& diagnostic : found_) {
      diagnostic.message = where + in_words_of_source(diagnostic.message);
      diagnostic.hint = in_words_of_source(diagnostic.hint);
      if (diagnostic.line != 0 || diagnostic.file != file_) continue;
      diagnostic.line = node_.position.line;
      diagnostic.column = node_.position.column;
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] Origin at(const YamlNode& node) const { return {file_, node.position}; }

  // Without the section: "input.timezone must be …" is about the source's timezone.
  static std::string in_words_of_source(std::string text) {
    static constexpr std::string_view kSection = "input.";
    for (size_t at = 0; (at = text.find(kSection, at)) != std::string::npos;) {
      if (at == 0 || text[at - 1] == ' ') {
        text.erase(at, kSection.size());
      } else {
        ++at;
      }
    }
    return text;
  }

  void take(const YamlNode::Entry& entry) {
    const Origin origin{file_, entry.position};
    if (entry.key == "name") return take_name(entry);
    if (entry.key == "topics") return take_topics(entry);
    if (entry.key == "fields" && entry.value.is_map()) {
      for (const auto& field : entry.value.entries)
        take_property(field, std::string(kInputFields) + "." + field.key, kInputFields);
    } else if (entry.key == "fields") {
      if (!entry.value.is_null()) findings_.error(origin, "fields must be a map of fields and JSON pointers");
    } else {
      take_property(entry, std::string(kInput) + "." + entry.key, kInput);
    }
  }

  void take_name(const YamlNode::Entry& entry) {
    if (!entry.value.is_scalar() || !is_label(entry.value.text))
      return findings_.error({file_, entry.position}, "name must be a label",
                             "small letters, digits, '.', '_' and '-', at most " + std::to_string(kSourceNameBytesMax));
    source_.name = source_name_ = entry.value.text;
  }

  void take_topics(const YamlNode::Entry& entry) {
    const bool is_one = entry.value.is_scalar();
    const auto add = [&](const YamlNode& topic) {
      if (!topic.is_scalar()) return findings_.error(at(topic), "topics must be names and patterns (^…)");
      source_.topics.push_back(topic.text);
    };
    if (is_one) add(entry.value);
    for (const auto& topic : entry.value.items)
      add(topic);
    has_topics_ = true;
    if (source_.topics.empty()) findings_.error({file_, entry.position}, "topics names no topic");
  }

  void take_property(const YamlNode::Entry& entry, const std::string& path, std::string_view section) {
    std::vector<std::string> known;
    for (const Property& property : properties()) {
      if (property.section() != section) continue;
      known.emplace_back(property.key());
      if (property.path != path) continue;
      given_.emplace(property.path, &entry);
      return;
    }
    if (section == kInput) known.insert(known.end(), {"name", "topics", "fields"});
    std::string hint;
    if (const auto near = nearest_word(entry.key, known); !near.empty()) {
      hint = "did you mean '" + near + "'?";
    } else {
      for (const auto& name : known)
        hint += (hint.empty() ? "there are " : ", ") + name;
    }
    findings_.error({file_, entry.position}, "unknown key '" + entry.key + "'", hint);
  }

  void check_own() {
    if (node_.find("name") == nullptr)
      findings_.error(at(node_), "name is missing", "a label for metrics, alerts and the log, for example web");
    if (!has_topics_) findings_.error(at(node_), "topics is missing", "names of topics, or patterns: topics: [access]");
  }

  const YamlNode& node_;
  const std::string& file_;
  Diagnostics found_;
  Findings findings_;
  Config scratch_;
  std::map<std::string_view, const YamlNode::Entry*> given_;
  SourceConfig source_;
  std::string source_name_;
  bool has_topics_ = false;
};

/// What the sources are to each other.
class SourceListCheck {
 public:
  SourceListCheck(const YamlNode& list, const std::string& file, Config& config, Findings& findings)
      : list_(list), file_(file), config_(config), findings_(findings) {}

  void run() {
    auto& all = config_.kafka.topics.requests;
    all.clear();
    std::map<std::string, size_t> names, topics;
    for (size_t i = 0; i < config_.sources.size(); ++i) {
      const SourceConfig& source = config_.sources[i];
      if (!source.name.empty() && !names.emplace(source.name, i).second)
        findings_.error(at(i), "two sources have the name " + source.name);
      for (const std::string& topic : source.topics)
        if (topics.emplace(topic, i).second)
          all.push_back(topic);
        else
          findings_.error(at(i), "topic " + topic + " stands twice in sources", "one source can read it");
    }
    if (all.size() > TopicTable::kTopicsMax)
      findings_.error(at(0), "sources name more than " + std::to_string(TopicTable::kTopicsMax) + " topics");
    for (const auto& [topic, source] : topics) {
      if (is_topic_pattern(topic)) continue;
      if (const std::string remark = remark_on_claims(config_.sources, topic); !remark.empty())
        findings_.warning(at(source), remark);
    }
  }

 private:
  [[nodiscard]] Origin at(size_t source) const { return {file_, list_.items[source].position}; }

  const YamlNode& list_;
  const std::string& file_;
  Config& config_;
  Findings& findings_;
};

}  // namespace

void read_sources(const YamlNode& list, const std::string& file, Config& config, Findings& findings) {
  const Origin origin{file, list.position};
  if (!list.is_list() || list.items.empty())
    return findings.error(origin, "sources must be a list of at least one source",
                          "for example [{name: web, topics: [access], profile: nginx}]");
  if (list.items.size() > TopicTable::kSourcesMax)
    return findings.error(origin, "sources has more than " + std::to_string(TopicTable::kSourcesMax) + " entries");
  for (size_t i = 0; i < list.items.size(); ++i) {
    SourceReader reader(list.items[i], file, config);
    SourceConfig source = reader.read();
    Diagnostics found = reader.diagnostics(i);
    findings.diagnostics().insert(findings.diagnostics().end(), found.begin(), found.end());
    config.sources.push_back(std::move(source));
  }
  SourceListCheck(list, file, config, findings).run();
}

}  // namespace weir

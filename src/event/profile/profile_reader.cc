#include "event/profile/profile_reader.h"

#include <algorithm>

#include "event/directive/directive.h"
#include "event/json/pointer_table.h"
#include "event/profile/example_check.h"
#include "event/profile/text_pattern.h"
#include "yaml/yaml_reader.h"

namespace weir {
namespace {

using Kind = YamlNode::Kind;

constexpr size_t kDotsMax = 6;  // in one key: each doubles the places where it may stand

/// One profile file being read. Every fault is reported and reading goes on.
class Reader {
 public:
  Reader(const std::string& file, Diagnostics& diagnostics) : diagnostics_(diagnostics) { result_.file = file; }

  ProfileFile read(const YamlNode& root);

 private:
  using Member = void (Reader::*)(const YamlNode&);
  struct Key {
    std::string_view name;
    Member read;
  };

  void error(FilePosition at, std::string message, std::string hint = {}) {
    diagnostics_.push_back(
        {Diagnostic::Severity::kError, result_.file, at.line, at.column, std::move(message), std::move(hint)});
  }
  bool is(const YamlNode& node, Kind kind, std::string_view what) {
    if (node.kind == kind) return true;
    error(node.position,
          std::string(what) + " must be " + std::string(describe(kind)) + ", not " + std::string(describe(node.kind)));
    return false;
  }
  std::string text(const YamlNode& node, std::string_view what) {
    return is(node, Kind::kScalar, what) ? node.text : std::string();
  }
  std::vector<YamlNode> list(const YamlNode& node) {
    return node.kind == Kind::kList ? node.items : std::vector<YamlNode>{node};
  }
  template <typename Value, typename Named>
  void choice(const YamlNode& node, std::string_view what, Named named, Value& out) {
    if (!is(node, Kind::kScalar, what)) return;
    if (const auto value = named(node.text)) {
      out = *value;
    } else {
      error(node.position, "'" + node.text + "' is no " + std::string(what));
    }
  }
  void take(const Status& status, FilePosition at) {
    if (!status) error(at, status.error().detail);
  }

  void read_name(const YamlNode& node) { profile().name = text(node, "name"); }
  void read_title(const YamlNode& node) { profile().title = text(node, "title"); }
  void read_about(const YamlNode& node) { profile().about = text(node, "about"); }
  void read_priority(const YamlNode& node) {
    const auto number = text(node, "priority");
    const bool small = number.size() == 1 && number[0] >= '0' && number[0] <= '9';
    if (!small) return error(node.position, "priority is a number from 0 to 9");
    profile().priority = number[0] - '0';
  }
  void read_identity(const YamlNode& node);
  void read_json(const YamlNode& node);
  void read_mapping(const YamlNode& node, FieldMapping& mapping);
  void read_header_prefixes(const YamlNode& node);
  void read_unwrap(const YamlNode& node);
  void read_split(const YamlNode& node) { profile().split = text(node, "split"); }
  void read_duration_unit(const YamlNode& node) {
    choice(node, "unit (ns, us, ms, s)", duration_unit_named, profile().duration_unit);
  }
  void read_timestamp_format(const YamlNode& node) {
    choice(node, "form of time", timestamp_format_named, profile().timestamp_format);
  }
  void read_text(const YamlNode& node);
  void read_text_format(const YamlNode& node);
  void read_columns(const YamlNode& node);
  void read_default_columns(const YamlNode& node) { profile().default_columns = text(node, "default_columns"); }
  void read_skip(const YamlNode& node);
  void read_examples(const YamlNode& node);
  void read_example(const YamlNode& node);
  std::vector<std::pair<std::string, std::string>> read_event(const YamlNode& node);
  InputProfile& profile() { return result_.profile; }

  static const Key* key_named(std::string_view name);
  Diagnostics& diagnostics_;
  ProfileFile result_;
};

const Reader::Key* Reader::key_named(std::string_view name) {
  static constexpr Key kKeys[]{{"name", &Reader::read_name},
                               {"title", &Reader::read_title},
                               {"about", &Reader::read_about},
                               {"priority", &Reader::read_priority},
                               {"identity", &Reader::read_identity},
                               {"json", &Reader::read_json},
                               {"header_prefixes", &Reader::read_header_prefixes},
                               {"unwrap", &Reader::read_unwrap},
                               {"split", &Reader::read_split},
                               {"duration_unit", &Reader::read_duration_unit},
                               {"timestamp_format", &Reader::read_timestamp_format},
                               {"text", &Reader::read_text},
                               {"columns", &Reader::read_columns},
                               {"default_columns", &Reader::read_default_columns},
                               {"skip", &Reader::read_skip},
                               {"examples", &Reader::read_examples}};
  const auto* found =
      std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) { return key.name == name; });
  return found == std::end(kKeys) ? nullptr : found;
}

ProfileFile Reader::read(const YamlNode& root) {
  if (!is(root, Kind::kMap, "a profile")) return std::move(result_);
  for (const auto& [key, position, value] : root.entries) {
    const Key* known = key_named(key);
    if (known == nullptr) {
      error(position, "a profile has no key '" + key + "'");
    } else {
      (this->*known->read)(value);
    }
  }
  for (const auto& [what, there] : {std::pair{"name", !profile().name.empty()},
                                    {"title", !profile().title.empty()},
                                    {"examples", !result_.examples.empty()}})
    if (!there) error({1, 1}, std::string("the profile has no ") + what);
  if (!profile().reads_json() && !profile().reads_text())
    error({1, 1}, "the profile reads nothing", "it needs json, text or columns");
  take(profile().validate(), {1, 1});
  return std::move(result_);
}

// identity: {client_id: never, api_key: always, note: …}
void Reader::read_identity(const YamlNode& node) {
  if (!is(node, Kind::kMap, "identity")) return;
  const auto trust_named = [](std::string_view name) -> std::optional<IdentityTrust> {
    if (name == "always") return IdentityTrust::kAlways;
    if (name == "checked") return IdentityTrust::kChecked;
    if (name == "never") return IdentityTrust::kNever;
    return std::nullopt;
  };
  for (const auto& [key, position, value] : node.entries) {
    if (key == "client_id") {
      choice(value, "trust (always, checked, never)", trust_named, profile().client_id_trust);
    } else if (key == "api_key") {
      choice(value, "trust (always, checked, never)", trust_named, profile().api_key_trust);
    } else if (key == "note") {
      profile().identity_note = text(value, "note");
    } else {
      error(position, "identity has no key '" + key + "'", "there are client_id, api_key and note");
    }
  }
}

void Reader::read_json(const YamlNode& node) {
  if (!is(node, Kind::kMap, "json")) return;
  for (const auto& [key, position, value] : node.entries) {
    const auto field = field_named(key);
    if (!field) {
      error(position, "there is no field '" + key + "'");
    } else {
      read_mapping(value, profile().*profile_fields()[*field].mapping);
    }
  }
}

// A key, or a list of keys; a key with its own unit is {key: …, unit: …}.
void Reader::read_mapping(const YamlNode& node, FieldMapping& mapping) {
  for (const YamlNode& item : list(node)) {
    std::optional<DurationUnit> unit;
    std::string key;
    if (item.kind == Kind::kMap) {
      for (const auto& [name, position, value] : item.entries) {
        if (name == "key") {
          key = text(value, "key");
        } else if (name == "unit") {
          choice(
              value, "unit (ns, us, ms, s)",
              [](std::string_view text) { return std::optional(duration_unit_named(text)); }, unit);
        } else {
          error(position, "a field's key has no '" + name + "'", "there are key and unit");
        }
      }
    } else {
      key = text(item, "a key");
    }
    if (key.empty()) continue;
    if (std::count(key.begin(), key.end(), '.') > static_cast<std::ptrdiff_t>(kDotsMax)) {
      error(item.position, "'" + key + "' has more than six dots", "write a JSON pointer");
      continue;
    }
    const size_t before = mapping.pointers.size();
    append_pointers(key, mapping.pointers);
    for (size_t i = before; unit && i < mapping.pointers.size(); ++i)
      profile().pointer_units.emplace_back(mapping.pointers[i], *unit);
  }
}

// header_prefixes: {request: [http_], response: [sent_http_]}
void Reader::read_header_prefixes(const YamlNode& node) {
  if (!is(node, Kind::kMap, "header_prefixes")) return;
  for (const auto& [key, position, value] : node.entries) {
    if (key != "request" && key != "response") {
      error(position, "header_prefixes has no key '" + key + "'", "there are request and response");
      continue;
    }
    for (const YamlNode& item : list(value)) {
      auto prefix = text(item, "a prefix");
      const auto of = key == "request" ? HeaderPrefix::Of::kRequest : HeaderPrefix::Of::kResponse;
      if (!prefix.empty()) profile().header_prefixes.push_back({std::move(prefix), of});
    }
  }
}

void Reader::read_unwrap(const YamlNode& node) {
  for (const YamlNode& item : list(node))
    profile().unwrap.push_back(text(item, "a JSON pointer"));
}

void Reader::read_text(const YamlNode& node) {
  for (const YamlNode& item : list(node))
    read_text_format(item);
}

// {name: combined, escape: backslash, tail: true, line: '…'}, or in place of line the directive of a server.
void Reader::read_text_format(const YamlNode& node) {
  if (!is(node, Kind::kMap, "a text format")) return;
  std::string name;
  TextEscape escape = TextEscape::kBackslash;
  TextTail tail = TextTail::kNothing;
  const YamlNode::Entry* form = nullptr;
  for (const auto& entry : node.entries) {
    if (entry.key == "name") {
      name = text(entry.value, "name");
    } else if (entry.key == "escape") {
      choice(entry.value, "escape (none, backslash, hash, quotes, percent, plus)", text_escape_named, escape);
    } else if (entry.key == "tail") {
      if (text(entry.value, "tail") == "true") tail = TextTail::kAnything;
    } else if (entry.key == "line" || from_name<DirectiveServer>(entry.key)) {
      if (form != nullptr) error(entry.position, "a text format has one line, or one directive");
      form = &entry;
    } else {
      error(entry.position, "a text format has no key '" + entry.key + "'",
            "there are name, escape, tail, line, " + directive_server_names());
    }
  }
  if (form == nullptr) return error(node.position, "a text format needs a line, or a server's directive");
  const std::string pattern = text(form->value, form->key);
  std::optional<TextFormat> format;
  if (form->key == "line") {
    auto read = read_text_pattern(pattern, escape);
    if (!read) return error(form->value.position, read.error().detail);
    format = std::move(*read);
  } else {
    auto directive = compile_directive(*from_name<DirectiveServer>(form->key), pattern);
    if (!directive) return error(form->value.position, directive.error().detail);
    if (!directive->profile.reads_text()) return error(form->value.position, "the directive writes JSON, not text");
    format = std::move(directive->profile.texts.front());
  }
  format->name = name;
  format->tail = tail;
  take(format->validate(), node.position);
  profile().texts.push_back(std::move(*format));
}

// columns: {c-ip: client_ip, "cs(User-Agent)": user_agent plus}
void Reader::read_columns(const YamlNode& node) {
  if (!is(node, Kind::kMap, "columns")) return;
  for (const auto& [key, position, value] : node.entries) {
    auto field = read_text_field(text(value, "a column"), TextEscape::kNone);
    if (!field) {
      error(value.position, field.error().detail);
    } else {
      profile().columns.push_back({key, std::move(*field)});
    }
  }
}

// skip: ['text of a line', {key: logger, value: http.log.error}]
void Reader::read_skip(const YamlNode& node) {
  for (const YamlNode& item : list(node)) {
    SkipRule rule;
    if (item.kind != Kind::kMap) {
      rule.value = text(item, "a text to skip");
      if (!rule.value.empty()) profile().skips.push_back(std::move(rule));
      continue;
    }
    for (const auto& [key, position, value] : item.entries) {
      if (key == "key") {
        std::vector<std::string> pointers;
        append_pointers(text(value, "key"), pointers);
        rule.pointer = pointers.front();
      } else if (key == "value") {
        rule.value = text(value, "value");
      } else {
        error(position, "a rule to skip has no '" + key + "'", "there are key and value");
      }
    }
    if (rule.pointer.empty()) {
      error(item.position, "a rule to skip needs a key");
    } else {
      profile().skips.push_back(std::move(rule));
    }
  }
}

void Reader::read_examples(const YamlNode& node) {
  for (const YamlNode& item : list(node))
    read_example(item);
}

void Reader::read_example(const YamlNode& node) {
  if (!is(node, Kind::kMap, "an example")) return;
  ProfileExample example;
  example.line = node.position.line;
  for (const auto& [key, position, value] : node.entries) {
    if (key == "record") {
      example.text = text(value, "record");
    } else if (key == "event") {
      example.requests.push_back(read_event(value));
    } else if (key == "events") {
      for (const YamlNode& item : list(value))
        example.requests.push_back(read_event(item));
    } else if (key == "skipped") {
      const auto number = text(value, "skipped");
      example.skipped =
          number.size() == 1 && number[0] >= '0' && number[0] <= '9' ? static_cast<size_t>(number[0] - '0') : 0;
    } else {
      error(position, "an example has no key '" + key + "'", "there are record, event, events and skipped");
    }
  }
  if (example.text.empty()) error(node.position, "an example without a record");
  if (example.requests.empty() && example.skipped == 0)
    error(node.position, "an example without what must come of it", "give it event, events or skipped");
  result_.examples.push_back(std::move(example));
}

std::vector<std::pair<std::string, std::string>> Reader::read_event(const YamlNode& node) {
  std::vector<std::pair<std::string, std::string>> event;
  if (!is(node, Kind::kMap, "an event")) return event;
  for (const auto& [key, position, value] : node.entries) {
    if (!event_text(Event{}, key)) {
      error(position, "an event has no field '" + key + "'");
    } else if (value.kind == Kind::kNull) {
      event.emplace_back(key, "");
    } else {
      event.emplace_back(key, text(value, key));
    }
  }
  return event;
}

}  // namespace

std::optional<ProfileFile> read_profile(const std::string& yaml, const std::string& file, Diagnostics& diagnostics) {
  const size_t before = diagnostics.size();
  const auto root = read_yaml_map(yaml, file, diagnostics, {.what = "a profile"});
  if (diagnostics.size() > before) return std::nullopt;
  auto profile = Reader(file, diagnostics).read(root);
  if (diagnostics.size() > before) return std::nullopt;
  return profile;
}

// "a.b.c" → /a.b.c, /a/b/c, and the mixed forms /a/b.c and /a.b/c.
void append_pointers(std::string_view key, std::vector<std::string>& pointers) {
  if (key.starts_with('/')) {
    pointers.emplace_back(key);
    return;
  }
  std::string pointer = "/";
  std::vector<size_t> dots;
  for (const char c : key) {
    if (c == '.') dots.push_back(pointer.size());
    if (c == '~' || c == '/') {
      pointer += c == '~' ? "~0" : "~1";
    } else {
      pointer += c;
    }
  }
  const auto append = [&](size_t nested) {
    std::string variant = pointer;
    for (size_t i = 0; i < dots.size(); ++i)
      if ((nested >> i & 1) != 0) variant[dots[i]] = '/';
    pointers.push_back(std::move(variant));
  };
  const size_t variants = size_t{1} << dots.size();
  append(0);
  if (variants == 1) return;
  append(variants - 1);
  for (size_t nested = 1; nested + 1 < variants; ++nested)
    append(nested);
}

}  // namespace weir

#include "event/profile/inferred_profile.h"

#include "event/event_parser.h"
#include "event/line_prefix.h"
#include "event/profile/example_check.h"
#include "event/profile/json_inference.h"
#include "event/profile/text_inference.h"

namespace weir {
namespace {

constexpr std::string_view kName = "mine";
constexpr int kPrefixesMax = 4;

// In YAML's double quotes, which read JSON's escapes.
std::string yaml_quoted(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      ((out += "\\x") += kHex[byte >> 4]) += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// The first line that is a request, and what is read of it: so that somebody sees whether it is right.
std::string example_of(const InputProfile& profile, std::span<const std::string_view> lines) {
  InputOptions options;
  options.profile = profile;
  EventParser parser(options);
  EventStorage storage;
  Event event;
  ParseOutcome outcome;
  for (const auto line : lines) {
    parser.begin(line, EventTime{});
    if (parser.next(storage, event, outcome) != EventParser::Next::kEvent) continue;
    if (event.has(EventFlag::kMalformed) || event.has(EventFlag::kSalvaged) || event.has(EventFlag::kUtf8Repaired))
      continue;
    std::string text = "examples:\n  - record: " + yaml_quoted(line) + "\n    event:\n";
    for (const auto* name :
         {"time", "client_ip", "method", "host", "path", "query", "status", "user_agent", "referer"}) {
      const auto value = event_text(event, name);
      if (value && !value->empty()) text += "      " + std::string(name) + ": " + yaml_quoted(*value) + "\n";
    }
    return text;
  }
  return {};
}

std::string json_text_of(const InputProfile& profile) {
  std::string text = "json:\n";
  for (const auto& [name, mapping] : profile_fields())
    for (const std::string& pointer : (profile.*mapping).pointers)
      text += "  " + std::string(name) + ": " + yaml_quoted(pointer) + "\n";
  if (profile.header_prefixes.empty()) return text;
  text += "header_prefixes:\n  request: [";
  for (size_t i = 0; i < profile.header_prefixes.size(); ++i)
    text += (i > 0 ? ", " : "") + yaml_quoted(profile.header_prefixes[i].prefix);
  return text + "]\n";
}

InferredProfile finished(InputProfile profile, std::string_view form, std::span<const std::string_view> lines) {
  profile.name = kName;
  profile.title = "A form told from the lines of a log";
  profile.client_id_trust = profile.api_key_trust = IdentityTrust::kNever;
  InferredProfile made_up;
  made_up.file_text =
      "name: " + std::string(kName) + "\ntitle: " + profile.title + "\nidentity: {client_id: never, api_key: never}\n";
  if (profile.duration_unit == DurationUnit::kSeconds) made_up.file_text += "duration_unit: s\n";
  if (!profile.unwrap.empty()) made_up.file_text += "unwrap: [" + yaml_quoted(profile.unwrap.front()) + "]\n";
  made_up.file_text += form;
  made_up.file_text += example_of(profile, lines);
  made_up.profile = std::move(profile);
  return made_up;
}

std::string_view without_prefixes(std::string_view line) {
  line = trimmed_line(line);
  for (int i = 0; i < kPrefixesMax; ++i)
    line = without_line_prefix(line);
  return line;
}

}  // namespace

std::vector<InferredProfile> infer_profiles(std::span<const std::string_view> lines, const PayloadTexts& payload_texts,
                                            const ProfileCatalog& catalog) {
  const KnownNames names(catalog);
  std::vector<InferredProfile> profiles;
  if (auto json = infer_json_form(lines, names)) {
    const auto form = json_text_of(*json);
    profiles.push_back(finished(std::move(*json), form, lines));
  }
  const auto add_text = [&](std::span<const std::string_view> texts, const std::string& unwrap) {
    auto text = infer_text_form(texts, names);
    if (!text) return;
    if (!unwrap.empty()) text->profile.unwrap = {unwrap};
    const auto form =
        "text:\n  - {name: line, escape: " + text->escape + ", line: " + yaml_quoted(text->pattern) + "}\n";
    profiles.push_back(finished(std::move(text->profile), form, lines));
  };
  // A time in front may be a shipper's or the line's own: both are tried.
  std::vector<std::string_view> texts, whole;
  for (const auto line : lines) {
    const auto text = without_prefixes(line);
    if (text.empty() || text.front() == '{' || text.front() == '#') continue;
    texts.push_back(text);
    whole.push_back(trimmed_line(line));
  }
  if (texts.size() * 2 >= lines.size()) {
    add_text(whole, {});
    if (texts != whole) add_text(texts, {});
  }
  for (const auto& [pointer, payloads] : payload_texts) {
    texts.clear();
    for (const std::string& payload : payloads)
      if (!payload.starts_with('{')) texts.push_back(without_prefixes(payload));
    if (texts.size() * 2 >= lines.size()) add_text(texts, pointer);
  }
  return profiles;
}

}  // namespace weir

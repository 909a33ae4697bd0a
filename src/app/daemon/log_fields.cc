#include "app/daemon/log_fields.h"

#include <algorithm>
#include <array>

namespace weir {
namespace {

constexpr size_t kValueBytesMax = 249;  // the longest name in Kafka

/// Who speaks, by how a message begins; the first that fits.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kSpeakers{{
    {"kafka client ", "kafka-client"},
    {"kafka: ", "kafka"},
    {"is waiting for a broker", "kafka"},
    {"policy: ", "policy"},
    {"response headers ", "policy"},
    {"http ", "http"},
    {"input lacks ", "input"},
    {"the rules are ", "rules"},
    {"a reload of the rules", "rules"},
    {"the last process crashed", "quarantine"},
    {"log: ", "log"},
}};

bool ends_word(char c) {
  return c == ' ' || c == ',' || c == ';' || c == ':' || c == '(' || c == ')' || c == '"';
}

/// The word behind `name `, where that begins a word itself; empty when there is none.
std::string_view word_after(std::string_view text, std::string_view name) {
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const size_t begin = at + name.size();
    if ((at > 0 && text[at - 1] != ' ' && text[at - 1] != ':') || begin >= text.size() || text[begin] != ' ') continue;
    const auto rest = text.substr(begin + 1, kValueBytesMax);
    return rest.substr(0, static_cast<size_t>(std::find_if(rest.begin(), rest.end(), ends_word) - rest.begin()));
  }
  return {};
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_lane(std::string_view text) {
  return (text.starts_with("detect-") || text.starts_with("score-")) && is_number(text.substr(text.find('-') + 1));
}

}  // namespace

std::vector<std::pair<std::string_view, std::string>> log_fields(std::string_view message) {
  std::vector<std::pair<std::string_view, std::string>> fields;
  std::string_view speaker = "weir";
  for (const auto& [begin, name] : kSpeakers) {
    if (!message.starts_with(begin)) continue;
    speaker = name;
    break;
  }
  fields.emplace_back("component", speaker);
  const std::string_view client = speaker == "kafka-client" ? word_after(message, "client") : std::string_view();
  std::string_view lane = word_after(message, "lane");
  if (lane.empty() && client.starts_with("weir-")) lane = client.substr(client.find('-') + 1);
  if (is_lane(lane)) fields.emplace_back("lane", lane);
  if (!client.empty()) fields.emplace_back("client", client);
  // Of our own messages only: a broker's text may say "topic" of anything.
  if (speaker == "kafka") {
    for (const std::string_view name : {"topic", "group"}) {
      const auto word = word_after(message, name);
      if (word.find('.') != std::string_view::npos || word.find('-') != std::string_view::npos)
        fields.emplace_back(name, word);
    }
  }
  for (const std::string_view name : {"partition", "offset"}) {
    if (const auto word = word_after(message, name); is_number(word)) fields.emplace_back(name, word);
  }
  constexpr std::string_view kReloaded = " rules, ";
  if (const size_t at = message.find(kReloaded); speaker == "rules" && at != std::string_view::npos)
    fields.emplace_back("rule_set", message.substr(at + kReloaded.size(), kValueBytesMax));
  return fields;
}

}  // namespace weir

// JSON is read as a second parser reads it, and what that one refuses is never read as if it were whole: generated records, and the
// same with bytes changed.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/catch.h"
#include "base/hex.h"
#include "event/event_parser.h"

namespace weir {
namespace {

size_t records_wanted() {
  const char* wanted = std::getenv("WEIR_DIFFERENTIAL_RECORDS");
  return wanted == nullptr ? 20'000 : std::strtoul(wanted, nullptr, 10);
}

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  size_t below(size_t bound) { return random_() % bound; }

  std::string record() {
    std::vector<std::pair<std::string, nlohmann::json>> fields = {
        {"ts", "2025-01-15T12:00:00.000Z"},
        {"ip", "192.0.2.7"},
        {"method", "GET"},
        {"path", "/a" + std::to_string(below(100))},
        {"query", text()},
        {"user_agent", text()},
        {"referer", text()},
        {"request_id", text()},
        {"status", 100 + below(500)},
    };
    for (size_t more = below(4); more > 0; --more)
      fields.emplace_back("x" + std::to_string(more), value(3));
    std::shuffle(fields.begin(), fields.end(), random_);
    std::string out = "{";
    for (size_t i = 0; i < fields.size(); ++i) {
      out += (i == 0 ? "" : ",") + blank() + nlohmann::json(fields[i].first).dump() + blank() + ":" + blank();
      out += fields[i].second.dump(below(3) == 0 ? 1 : -1, ' ', below(2) == 0) + blank();
    }
    return out + "}";
  }

  void damage(std::string& record) {
    for (size_t changes = 1 + below(2); changes > 0; --changes) {
      const size_t at = below(record.size());
      switch (below(4)) {
        case 0:
          record[at] = static_cast<char>(below(256));
          break;
        case 1:
          record.erase(at, 1 + below(3));
          break;
        case 2:
          record.insert(at, 1, "\"\\{}[]:,0-.eE\t u"[below(16)]);
          break;
        default:
          record.resize(at);
      }
      if (record.empty()) record = "{";
    }
  }

 private:
  std::string blank() { return below(6) == 0 ? std::string(1, " \t\r"[below(3)]) : ""; }
  std::string text() {
    static const std::vector<std::string> pieces = {
        "a",       "Z",   "0",  "\"", "\\", "/", "'", "<",        "%27",          "&",
        "=",       " ",   "\t", "{",  "}",  ",", ":", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
        "\\u0041", "\x01"};
    std::string text = "k";
    for (size_t more = below(24); more > 0; --more)
      text += pieces[below(pieces.size())];
    return text + "k";
  }
  nlohmann::json value(size_t depth) {
    switch (below(depth == 0 ? 5 : 7)) {
      case 0:
        return text();
      case 1:
        return static_cast<int64_t>(random_()) - (int64_t{1} << 31);
      case 2:
        return static_cast<double>(random_()) / 7e5;
      case 3:
        return below(2) == 0;
      case 4:
        return nullptr;
      case 5:
        return nlohmann::json::array({value(depth - 1), value(depth - 1)});
      default:
        return nlohmann::json{{text(), value(depth - 1)}, {"z", value(depth - 1)}};
    }
  }

  std::mt19937 random_;
};

/// What the second parser makes of it: nothing when it refuses the text, or when a key stands there twice, which says nothing about who
/// is right.
struct Second {
  bool is_json = false;
  std::optional<nlohmann::json> object;
};

Second second_of(const std::string& record) {
  Second second;
  std::set<std::string> keys;
  bool twice = false;
  const auto note = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    if (event == nlohmann::json::parse_event_t::key && depth == 1)
      twice = !keys.insert(value.get<std::string>()).second || twice;
    return true;
  };
  auto parsed = nlohmann::json::parse(record, note, false);
  second.is_json = !parsed.is_discarded();
  if (second.is_json && parsed.is_object() && !twice) second.object = std::move(parsed);
  return second;
}

/// Escapes that servers write and JSON does not have: \xHH and \'. They are read, and no damage.
std::string without_servers_escapes(const std::string& record) {
  std::string out;
  for (size_t at = 0; at < record.size(); ++at) {
    if (record[at] != '\\' || at + 1 == record.size()) {
      out += record[at];
      continue;
    }
    const char kind = record[++at];
    const bool is_byte =
        kind == 'x' && at + 2 < record.size() && hex_value(record[at + 1]) >= 0 && hex_value(record[at + 2]) >= 0;
    if (is_byte) at += 2;
    if (is_byte || kind == '\'')
      out += '.';
    else
      out.append(1, '\\').append(1, kind);
  }
  return out;
}

/// A text that means itself: blanks around it, and signs for "none", are the profile's affair.
std::optional<std::string> text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  auto text = found->get<std::string>();
  if (text.size() < 2 || text.front() != 'k' || text.back() != 'k') return std::nullopt;
  return text;
}

}  // namespace

TEST_CASE("JSON reads as a second parser reads it, and what is none is never taken for whole",
          "[event][differential]") {
  InputOptions options;
  options.profile = *InputProfile::built_in("flat");
  EventParser parser(options);
  Generator generator(7);
  size_t whole = 0, damaged = 0;
  for (size_t i = 0; i < records_wanted(); ++i) {
    std::string record = generator.record();
    if (generator.below(2) == 0) generator.damage(record);
    const Second second = second_of(record);
    Event event;
    const ParseOutcome outcome = parser.parse(record, event);
    if (!second.is_json) {
      if (record.front() != '{') continue;  // an envelope's text, which is cut away
      ++damaged;
      const bool is_marked = !outcome.ok() || event.has(EventFlag::kSalvaged) || event.has(EventFlag::kUtf8Repaired);
      if (is_marked || second_of(without_servers_escapes(record)).is_json) continue;
      CAPTURE(i, record);
      FAIL_CHECK("taken for whole");
      continue;
    }
    if (!second.object) continue;
    const std::pair<const char*, std::string_view> fields[] = {{"query", event.query},
                                                               {"user_agent", event.user_agent},
                                                               {"referer", event.referer},
                                                               {"request_id", event.request_id}};
    const bool has_request = second.object->contains("method") && second.object->contains("path");
    if (!has_request) continue;
    ++whole;
    CAPTURE(i, record, outcome.detail);
    CHECK(outcome.ok());
    for (const auto& [key, read] : fields) {
      const auto wanted = text_of(*second.object, key);
      if (!wanted) continue;
      CAPTURE(key);
      CHECK(read == *wanted);
    }
  }
  CHECK(whole > records_wanted() / 3);
  CHECK(damaged > records_wanted() / 5);
}

}  // namespace weir

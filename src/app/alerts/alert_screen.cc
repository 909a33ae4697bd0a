#include "app/alerts/alert_screen.h"

#include <algorithm>

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kSeverityWidth = 8;
constexpr size_t kNameWidth = 12;
constexpr size_t kCountWidth = 8;

std::string in_colour(const AlertView& alert, const Palette& palette, std::string_view text) {
  constexpr int64_t kMedium = 3, kHigh = 4;
  if (alert.severity() > kHigh) return palette.bold(palette.red(text));
  if (alert.severity() == kHigh) return palette.red(text);
  return alert.severity() == kMedium ? palette.yellow(text) : palette.cyan(text);
}

size_t length_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(std::string text, size_t width) {
  const size_t length = length_of(text);
  if (length < width) text.append(width - length, ' ');
  return text;
}

/// Cut to `width` characters, the last an ellipsis.
std::string cut(std::string_view text, size_t width) {
  if (length_of(text) <= width) return std::string(text);
  size_t bytes = 0;
  for (size_t seen = 0; bytes < text.size(); ++bytes) {
    const bool begins = (static_cast<unsigned char>(text[bytes]) & 0xc0) != 0x80;
    if (begins && ++seen == std::max<size_t>(width, 1)) break;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
  std::string all;
  for (const auto& text : texts)
    all.append(all.empty() ? "" : separator).append(text);
  return all;
}

std::string time_for_people(EventTime time) {
  std::string text = format_rfc3339(time).substr(0, 19);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

/// The parts of a screen, each a name and what stands behind it.
class Screen {
 public:
  Screen(const AlertView& alert, const Palette& palette) : alert_(alert), palette_(palette) {}

  std::string draw() {
    draw_head();
    draw_client();
    draw_request();
    draw_reasons();
    draw_made_of();
    draw_correlation();
    draw_related();
    draw_hits();
    row("advice", alert_.text("/remediation/desc", "/weir/advice"));
    draw_source();
    return out_ + "\n";
  }

 private:
  void row(std::string_view name, std::string_view text) {
    if (text.empty()) return;
    out_ += "  " + palette_.dim(padded(std::string(name), kNameWidth)) + printable(text) + "\n";
  }

  void draw_head() {
    out_ += in_colour(alert_, palette_, upper(alert_.severity_name())) + "  " +
            palette_.bold(printable(alert_.title())) +
            palette_.dim("  " + alert_.own("kind") + ", " + alert_.own("phase")) + "\n";
    row("time", time_for_people(alert_.time()) + " UTC");
    const std::string message = alert_.message();
    if (message != alert_.title()) row("message", message);
  }

  void draw_client() {
    std::string client = alert_.own("client") + " (" + alert_.own("client_kind") + ")";
    if (const std::string address = alert_.address(); !address.empty() && address != alert_.own("client"))
      client += " from " + address;
    row("client", client);
    row("role", alert_.own("role"));
    draw_context();
    const int64_t count = alert_.count();
    const std::string begin = since("/start_time", "/event/start"), end = since("/end_time", "/event/end");
    row("requests", with_separators(static_cast<uint64_t>(std::max<int64_t>(count, 0))) +
                        (begin.empty() || begin == end ? "" : ", " + begin + " to " + end + " UTC"));
  }

  /// What databases and lists say of the address.
  void draw_context() {
    const Json* known = alert_.at("/unmapped/weir/enrichment", "/weir/enrichment");
    if (known == nullptr || !known->is_object()) return;
    std::string network = known->value("as_name", "");
    if (const auto number = known->value("as_number", uint64_t{0}); number != 0)
      network = "AS" + std::to_string(number) + (network.empty() ? "" : " " + network);
    row("network", joined_parts({known->value("country", ""), network}));
    std::vector<std::string> lists;
    if (const auto found = known->find("threat_lists"); found != known->end() && found->is_array())
      for (const Json& json : *found)
        if (json.is_string()) lists.push_back(json.get<std::string>());
    row("threat list", joined(lists, ", "));
    if (const std::string crawler = known->value("crawler", ""); !crawler.empty())
      row("crawler", crawler + ", verified by its published addresses");
    if (const std::string claimed = known->value("claimed_crawler", ""); !claimed.empty())
      row("crawler", "says to be " + claimed + ", but is none of its addresses");
  }

  static std::string joined_parts(const std::vector<std::string>& parts) {
    std::vector<std::string> some;
    for (const std::string& part : parts)
      if (!part.empty()) some.push_back(part);
    return joined(some, ", ");
  }

  std::string since(const char* ocsf, const char* ecs) const {
    const std::string text = alert_.text(ocsf, ecs);
    if (text.empty()) return {};
    if (text.find('T') != std::string::npos) return time_for_people_of(text);
    return time_for_people(EventTime(Milliseconds(alert_.number(ocsf, ecs))));
  }
  static std::string time_for_people_of(std::string text) {
    text.resize(std::min<size_t>(text.size(), 19));
    std::replace(text.begin(), text.end(), 'T', ' ');
    return text;
  }

  void draw_request() {
    if (alert_.is_encrypted()) {
      row("request", "encrypted: weir decrypt shows it, with a key of alerts.encryption_keys");
      return;
    }
    std::string request = alert_.own("method");
    if (request.empty()) request = alert_.text("/unmapped/weir/method", "/http/request/method");
    const std::string path = alert_.text("/evidences/0/http_request/url/path", "/url/path");
    if (!path.empty()) request += " " + alert_.host() + path;
    const std::string query = alert_.text("/evidences/0/http_request/url/query_string", "/url/query");
    if (!query.empty()) request += "?" + query;
    if (path.empty() && query.empty()) request.clear();
    row("request", request);
    row("answer", alert_.text("/evidences/0/http_response/code", "/http/response/status_code"));
    draw_outcome();
    row("request id", alert_.text("/evidences/0/http_request/uid", "/http/request/id"));
    row("agent", alert_.text("/evidences/0/http_request/user_agent", "/user_agent/original"));
    row("referer", alert_.text("/evidences/0/http_request/referrer", "/http/request/referrer"));
    row("score", alert_.text("/risk_score", "/event/risk_score"));
    row("confidence", alert_.text("/confidence", "/weir/confidence"));
    row("evasions", joined(alert_.own_list("evasions"), ", "));
  }

  /// Of the request that is shown and of the episode: the alert of a blocked request may belong to one that got through.
  void draw_outcome() {
    const std::string episode = alert_.own("outcome"), request = alert_.own("request_outcome");
    if (request.empty()) return row("outcome", episode.empty() ? "" : episode + " (the episode's most telling)");
    row("outcome", request + " (this request), " + episode + " (the episode's most telling)");
  }

  /// How many of each value, the most frequent first.
  void draw_made_of() {
    if (const Json* window = alert_.at("/unmapped/weir/window", "/weir/window"); window != nullptr) {
      std::vector<std::string> parts;
      for (const char* name : {"requests", "addresses", "agents"})
        if (const auto count = window->find(name); count != window->end() && count->is_number_integer())
          parts.push_back(with_separators(count->get<uint64_t>()) + " " + name);
      row("window", joined(parts, ", "));
    }
    const Json* made_of = alert_.at("/unmapped/weir/made_of", "/weir/made_of");
    if (made_of == nullptr || !made_of->is_object()) return;
    for (const auto& [kind, list] : made_of->items()) {
      const auto values = list.find("values");
      if (values == list.end() || !values->is_array()) continue;
      std::string name = kind;
      for (const Json& value : *values) {
        row(name,
            padded(with_separators(value.value("requests", uint64_t{0})), kCountWidth) + value.value("value", ""));
        name = " ";
      }
      if (const auto others = list.value("others", uint64_t{0}); others > 0)
        row(" ", padded(with_separators(others), kCountWidth) + "others, or not told");
    }
  }

  void draw_reasons() {
    std::vector<std::string> reasons;
    if (const Json* list = alert_.at("/unmapped/reasons", "/weir/reasons"); list != nullptr && list->is_array())
      for (const Json& json : *list)
        if (json.is_string()) reasons.push_back(json.get<std::string>());
    row("reasons", joined(reasons, ", "));
  }

  void draw_correlation() {
    const Json* found = alert_.at("/unmapped/weir/correlation", "/weir/correlation");
    if (found == nullptr || !found->is_object()) return;
    row("rule", found->value("title", "") + "  " + found->value("rule_id", ""));
    if (const auto group = found->find("group"); group != found->end() && group->is_array())
      for (const Json& json : *group)
        row(json.value("field", ""), json.value("value", ""));
  }

  /// The alerts that opened what this one belongs with: their ids are what `weir alerts show` takes.
  void draw_related() {
    const Json* related = alert_.at("/unmapped/weir/related", "/weir/related");
    if (related == nullptr || !related->is_array()) return;
    std::string name = "related";
    for (const Json& json : *related) {
      if (!json.is_object()) continue;
      row(name, json.value("opened_by", "") + "  " + json.value("kind", "") + ": " + json.value("title", ""));
      name = " ";
    }
  }

  void draw_hits() {
    const Json* hits = alert_.at("/evidences/0/data/hits", "/weir/hits");
    if (hits == nullptr || !hits->is_array() || hits->empty()) return;
    out_ += "  " + palette_.dim("why") + "\n";
    for (const Json& hit : *hits)
      if (hit.is_object()) draw_hit(hit);
  }

  void draw_hit(const Json& hit) {
    const int64_t weight = hit.value("weight", int64_t{0});
    out_ += "    " + palette_.yellow(padded("+" + std::to_string(weight), 4)) + printable(hit.value("title", "")) +
            palette_.dim("  " + printable(hit.value("rule_id", "")) + ", " + hit.value("level", "")) + "\n";
    const std::string excerpt = hit.value("excerpt", "");
    std::string place = hit.value("place", "");
    if (const std::string parameter = hit.value("parameter", ""); !parameter.empty()) place += " " + parameter;
    if (!excerpt.empty()) out_ += "        " + palette_.dim(printable(place) + ": ") + printable(excerpt) + "\n";
    if (const auto steps = hit.find("decode_steps"); steps != hit.end() && steps->is_array()) {
      std::vector<std::string> names;
      for (const Json& step : *steps)
        if (step.is_string()) names.push_back(step.get<std::string>());
      if (!names.empty()) out_ += "        " + palette_.cyan("decoded: " + joined(names, " → ")) + "\n";
    }
  }

  void draw_source() {
    const Json* record = alert_.at("/unmapped/weir/record", "/weir/record");
    if (record != nullptr && record->is_object() && record->contains("topic"))
      row("record", record->value("topic", "") + "/" + std::to_string(record->value("partition", int64_t{0})) +
                        " at offset " + std::to_string(record->value("offset", int64_t{0})));
    row("id", alert_.id());
    row("episode", alert_.episode());
  }

  const AlertView& alert_;
  const Palette& palette_;
  std::string out_;
};

}  // namespace

std::string alert_line(const AlertView& alert, const Palette& palette, size_t width) {
  constexpr size_t kPhaseWidth = 8, kClientWidth = 15;  // an IPv4 address
  const std::string time = time_for_people(alert.time()).substr(5);
  const std::string severity = padded(alert.severity_name().substr(0, kSeverityWidth - 1), kSeverityWidth);
  const std::string phase = padded(alert.own("phase"), kPhaseWidth);
  const std::string id = alert.id().substr(0, 8);
  const std::string client = padded(cut(printable(alert.own("client")), kClientWidth), kClientWidth);
  const std::string message = printable(alert.message());
  const size_t used = time.size() + 2 + kSeverityWidth + kPhaseWidth + 1 + kClientWidth + 2 + id.size() + 2;
  return palette.dim(time) + "  " + in_colour(alert, palette, severity) + phase + " " + client + "  " +
         (width > used + 20 ? cut(message, width - used) : message) + "  " + palette.dim(id) + "\n";
}

std::string alert_screen(const AlertView& alert, const Palette& palette) {
  return Screen(alert, palette).draw();
}

}  // namespace weir

#include "app/notify/message_template.h"

#include <algorithm>

#include "base/utf8.h"

namespace weir {
namespace {

using Json = MessageTemplate::Json;

constexpr std::string_view kOpen = "{{", kClose = "}}", kSlack = "slack";

/// A text's next placeholder.
struct Placeholder {
  size_t begin = std::string_view::npos, end = 0;  ///< with the braces; npos: there is none
  std::string_view name, filter;
};

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// An opening without an end is text.
Placeholder next_placeholder(std::string_view text, size_t from) {
  Placeholder found;
  const size_t begin = text.find(kOpen, from);
  if (begin == std::string_view::npos) return found;
  const size_t close = text.find(kClose, begin);
  if (close == std::string_view::npos) return found;
  const std::string_view inside = text.substr(begin + kOpen.size(), close - begin - kOpen.size());
  const size_t bar = std::min(inside.find('|'), inside.size());
  found.begin = begin;
  found.end = close + kClose.size();
  found.name = trimmed(inside.substr(0, bar));
  found.filter = bar == inside.size() ? std::string_view() : trimmed(inside.substr(bar + 1));
  return found;
}

/// Slack reads <…> as links and mentions, and & as the beginning of an entity.
std::string for_slack(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

std::string shown(const Json& value, std::string_view filter) {
  std::string text = value.is_string() ? value.get<std::string>() : value.is_null() ? std::string() : value.dump();
  if (text.size() > MessageTemplate::kValueBytesMax)
    text = std::string(cut_utf8(text, MessageTemplate::kValueBytesMax)) + "…";
  return filter == kSlack ? for_slack(text) : text;
}

template <typename Visit>
void for_each_text(const Json& json, const Visit& visit) {
  if (json.is_string()) visit(json.get_ref<const std::string&>());
  if (json.is_structured())
    for (const Json& item : json)
      for_each_text(item, visit);
}

Json filled(const Json& json, const MessageTemplate::Values& values) {
  if (json.is_structured()) {
    Json out = json;
    for (auto& item : out)
      item = filled(item, values);
    return out;
  }
  if (!json.is_string()) return json;
  const auto& text = json.get_ref<const std::string&>();
  Placeholder next = next_placeholder(text, 0);
  if (next.begin == 0 && next.end == text.size()) {
    const Json value = values(next.name);
    return value.is_string() ? Json(shown(value, next.filter)) : value;
  }
  std::string out;
  size_t done = 0;
  for (; next.begin != std::string_view::npos; next = next_placeholder(text, done)) {
    out.append(text, done, next.begin - done).append(shown(values(next.name), next.filter));
    done = next.end;
  }
  return out.append(text, done);
}

}  // namespace

Result<MessageTemplate> MessageTemplate::parse(std::string_view what, std::string_view text,
                                               const std::vector<std::string>& names) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::kInvalidArgument, "config", std::string(what) + ": " + why);
  };
  if (text.size() > kBytesMax) return refuse("it is longer than 64 KiB");
  MessageTemplate made;
  made.json_ = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (made.json_.is_discarded() || !made.json_.is_structured())
    return refuse("it is no JSON object; placeholders stand in its texts, as in {\"text\": \"{{title}}\"}");
  std::string wrong;
  size_t count = 0;
  for_each_text(made.json_, [&](const std::string& item) {
    for (auto next = next_placeholder(item, 0); next.begin != std::string_view::npos;
         next = next_placeholder(item, next.end)) {
      ++count;
      if (std::find(names.begin(), names.end(), next.name) == names.end())
        wrong = "there is no placeholder {{" + std::string(next.name) + "}}";
      else if (!next.filter.empty() && next.filter != kSlack)
        wrong = "there is no filter '" + std::string(next.filter) + "': only slack";
    }
  });
  if (count > kPlaceholdersMax) return refuse("it has more than 200 placeholders");
  if (wrong.empty()) return made;
  std::string all;
  for (const std::string& name : names)
    all.append(all.empty() ? "" : ", ").append(name);
  return refuse(wrong + "; there are: " + all);
}

std::string MessageTemplate::fill(const Values& values) const {
  return filled(json_, values).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir

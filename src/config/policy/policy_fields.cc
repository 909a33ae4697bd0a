#include "config/policy/policy_fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/network_text.h"
#include "config/suggest.h"

namespace weir {
namespace {

/// Meant as an address or network, so that a mistake in it is none of an id's spelling.
bool looks_like_network(std::string_view text) {
  return text.find_first_not_of("0123456789./") == std::string_view::npos ||
         (text.find(':') != std::string_view::npos &&
          text.find_first_not_of("0123456789abcdefABCDEF:./") == std::string_view::npos);
}

}  // namespace

void PolicyFields::read_map(const YamlNode& node, const Origin& at, std::string_view what,
                            const std::vector<PolicyField>& fields) {
  if (node.is_null()) return;
  if (node.kind != YamlNode::Kind::kMap)
    return error(at, std::string(what) + " is a map, not " + std::string(describe(node.kind)));
  for (const auto& entry : node.entries) {
    const Origin entry_at{file_, entry.position};
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const PolicyField& known) { return known.key == entry.key; });
    if (field != fields.end()) {
      field->set(entry.value, entry_at);
      continue;
    }
    std::vector<std::string> names;
    for (const auto& known : fields)
      names.emplace_back(known.key);
    std::string hint = "there are ";
    for (const auto& name : names)
      hint += (&name == &names.front() ? "" : ", ") + name;
    if (const auto near = nearest_word(entry.key, names); !near.empty()) hint = "did you mean '" + near + "'?";
    error(entry_at, "unknown key '" + entry.key + "' in " + std::string(what), hint);
  }
}

void PolicyFields::read_list(const YamlNode& node, const Origin& at, std::string_view what,
                             const std::function<void(const YamlNode&, const Origin&)>& each) {
  if (node.is_null()) return;
  if (node.kind != YamlNode::Kind::kList)
    return error(at, std::string(what) + " is a list, not " + std::string(describe(node.kind)));
  for (const auto& item : node.items)
    each(item, origin_of(item));
}

std::optional<std::string> PolicyFields::text(const YamlNode& node, const Origin& at) {
  if (node.kind == YamlNode::Kind::kScalar) return node.text;
  error(at, "text is expected, not " + std::string(describe(node.kind)));
  return std::nullopt;
}

std::optional<std::vector<std::string>> PolicyFields::texts(const YamlNode& node, const Origin& at) {
  if (node.kind == YamlNode::Kind::kScalar) return std::vector<std::string>{node.text};
  if (node.kind != YamlNode::Kind::kList) {
    error(at, "a list of text is expected, not " + std::string(describe(node.kind)));
    return std::nullopt;
  }
  std::vector<std::string> list;
  for (const auto& item : node.items)
    if (auto item_text = text(item, origin_of(item))) list.push_back(std::move(*item_text));
  return list;
}

std::optional<uint64_t> PolicyFields::count(const YamlNode& node, const Origin& at, const Bounds& bounds) {
  int64_t value = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [stop, wrong] = std::from_chars(node.text.data(), end, value);
  const bool leading_zero = node.text.size() > 1 && node.text[0] == '0';
  if (node.kind == YamlNode::Kind::kScalar && wrong == std::errc{} && stop == end && !leading_zero &&
      value >= bounds.min && value <= bounds.max)
    return static_cast<uint64_t>(value);
  error(at, "a whole number from " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max) + " is expected");
  return std::nullopt;
}

std::optional<double> PolicyFields::number(const YamlNode& node, const Origin& at) {
  double value = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [stop, wrong] = std::from_chars(node.text.data(), end, value);
  if (node.kind == YamlNode::Kind::kScalar && wrong == std::errc{} && stop == end && std::isfinite(value)) return value;
  error(at, "a number is expected");
  return std::nullopt;
}

std::optional<bool> PolicyFields::truth(const YamlNode& node, const Origin& at) {
  if (node.kind == YamlNode::Kind::kScalar && !node.quoted && (node.text == "true" || node.text == "false"))
    return node.text == "true";
  error(at, "true or false is expected");
  return std::nullopt;
}

std::optional<size_t> PolicyFields::choice(const YamlNode& node, const Origin& at,
                                           std::span<const std::string_view> names) {
  const auto found = std::find(names.begin(), names.end(), node.text);
  if (node.kind == YamlNode::Kind::kScalar && found != names.end()) return static_cast<size_t>(found - names.begin());
  const std::vector<std::string> candidates(names.begin(), names.end());
  const auto near = nearest_word(node.text, candidates);
  error(at, "one of " + joined_words(names) + " is expected", near.empty() ? "" : "did you mean '" + near + "'?");
  return std::nullopt;
}

std::optional<SecurityLevel> PolicyFields::level(const YamlNode& node, const Origin& at) {
  const auto index = choice(node, at, kNamesOf<SecurityLevel>);
  if (!index) return std::nullopt;
  return static_cast<SecurityLevel>(*index);
}

std::optional<ClientSet> PolicyFields::clients(const YamlNode& node, const Origin& at) {
  auto list = texts(node, at);
  if (!list) return std::nullopt;
  ClientSet set;
  for (const auto& client : *list) {
    if (const auto network = Cidr::parse(client)) {
      if (const auto fault = network_fault(client)) error(at, fault->message, fault->hint);
      set.networks.push_back(*network);
    } else if (client.empty() || looks_like_network(client)) {
      error(at, "'" + client + "' is no address, network or client id",
            "for example 10.0.0.0/8, 2001:db8::/32 or customer-7");
    } else {
      set.ids.push_back(client);
    }
  }
  set.as_written = std::move(*list);
  return set;
}

}  // namespace weir

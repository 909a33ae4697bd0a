#include "event/profile/column_facts.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/byte_search.h"
#include "event/values/field_values.h"
#include "event/values/timestamp.h"

namespace weir {
namespace {

bool is_number(std::string_view text, bool& has_fraction) {
  has_fraction = false;
  for (const char c : text) {
    if (c == '.' && !has_fraction) {
      has_fraction = true;
    } else if (!is_ascii_digit(c)) {
      return false;
    }
  }
  return !text.empty() && is_ascii_digit(text.front()) && is_ascii_digit(text.back());
}

bool is_method(std::string_view text) {
  static constexpr std::array kMethods{"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                       "CONNECT", "OPTIONS", "TRACE", "PATCH", "PROPFIND"};
  return std::any_of(kMethods.begin(), kMethods.end(), [&](std::string_view method) { return text == method; });
}

bool is_url(std::string_view text) {
  return starts_without_case(text, "http://") || starts_without_case(text, "https://");
}

bool is_request_line(std::string_view text) {
  const auto space = text.find(' ');
  if (space == kNowhere || space == 0 || space > 20) return false;
  const auto method = text.substr(0, space), target = text.substr(space + 1);
  const bool is_word = std::all_of(method.begin(), method.end(), [](char c) { return is_ascii_upper(c) || c == '-'; });
  return is_word && (target.starts_with('/') || is_url(target) || target.find(" HTTP/") != kNowhere);
}

// "Mozilla/5.0 (…", "curl/8.5": a product and its version, but no protocol.
bool is_agent(std::string_view text) {
  if (text.find("Mozilla/") != kNowhere) return true;
  const auto slash = text.find('/');
  if (slash == kNowhere || slash < 2 || slash > 40 || slash + 1 >= text.size() || !is_ascii_digit(text[slash + 1]))
    return false;
  const auto product = text.substr(0, slash);
  if (product == "HTTP" || product.starts_with("TLS") || product.starts_with("SSL")) return false;
  return is_ascii_letter(product.front()) &&
         std::all_of(product.begin(), product.end(), [](char c) { return is_word_byte(c) || c == '-' || c == '.'; });
}

bool is_query(std::string_view text) {
  if (text.starts_with('?')) text.remove_prefix(1);
  const auto equals = text.find('=');
  return equals != kNowhere && equals > 0 && text.substr(0, equals).find_first_of(" /\":;,") == kNowhere;
}

// "shop.example.com", "localhost:8080": in lower case as servers log them, the last label of letters alone. So no version, no
// duration ("1.234ms"), no class ("Acme.Web.Logger") and no operation ("REST.GET.OBJECT") is one.
bool is_host(std::string_view text) {
  if (const auto colon = text.find(':'); colon != kNowhere) {
    const auto port = text.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), is_ascii_digit)) return false;
    text = text.substr(0, colon);
  }
  if (text == "localhost") return true;
  const auto is_host_byte = [](char c) { return is_ascii_lower(c) || is_ascii_digit(c) || c == '.' || c == '-'; };
  const auto dot = text.rfind('.');
  if (dot == kNowhere || dot == 0 || !std::all_of(text.begin(), text.end(), is_host_byte)) return false;
  const auto last = text.substr(dot + 1);
  return last.size() >= 2 && std::all_of(last.begin(), last.end(), is_ascii_lower);
}

// The times of logs, but no small number that could be one, too.
bool is_time(std::string_view text) {
  bool has_fraction = false;
  if (is_number(text, has_fraction) && text.find('.') == kNowhere && text.size() < 10) return false;
  return parse_timestamp(text, TimestampFormat::kAuto).has_value();
}

// How a key is compared: without case and without what people put between words.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (is_ascii_alphanumeric(c)) plain += to_lower(c);
  return plain;
}

std::string_view last_part(std::string_view pointer) {
  return pointer.substr(pointer.rfind('/') + 1);
}

}  // namespace

void ColumnFacts::add(std::string_view value) {
  if (is_absent(value)) return;
  ++values;
  bool has_fraction = false;
  const bool number = is_number(value, has_fraction);
  numbers += number;
  fractions += number && has_fraction;
  statuses += number && value.size() == 3 && value[0] >= '1' && value[0] <= '5';
  if (const auto peer = read_peer(value); peer && !number) {
    addresses += peer->forwarded.empty();
    address_lists += !peer->forwarded.empty();
  }
  times += is_time(value);
  methods += is_method(value);
  targets += value.starts_with('/');
  request_lines += is_request_line(value);
  urls += is_url(value);
  agents += is_agent(value);
  queries += is_query(value);
  hosts += is_host(value);
}

KnownNames::KnownNames(const ProfileCatalog& catalog) {
  std::map<std::pair<std::string, ProfileFieldIndex>, size_t> profiles;
  for (const ProfileFile& file : catalog.profiles()) {
    for (unsigned i = 0; i < kFieldCount; ++i) {
      for (const std::string& pointer : (file.profile.*profile_fields()[i].mapping).pointers) {
        const auto field = static_cast<ProfileFieldIndex>(i);
        const auto whole = plain_name(pointer), last = plain_name(last_part(pointer));
        ++profiles[{whole, field}];
        if (last != whole) ++profiles[{last, field}];
      }
    }
  }
  for (const auto& [named, count] : profiles)
    entries_.push_back({named.first, named.second, count});
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.name != b.name ? a.name < b.name : a.profiles > b.profiles;
  });
}

std::vector<ProfileFieldIndex> KnownNames::fields_of(std::string_view name) const {
  std::vector<ProfileFieldIndex> fields;
  const auto add = [&](std::string_view plain) {
    const auto first =
        std::lower_bound(entries_.begin(), entries_.end(), plain,
                         [](const Entry& entry, std::string_view wanted) { return entry.name < wanted; });
    for (auto at = first; at != entries_.end() && at->name == plain; ++at)
      if (std::find(fields.begin(), fields.end(), at->field) == fields.end()) fields.push_back(at->field);
  };
  add(plain_name(name));             // the whole path of a key
  add(plain_name(last_part(name)));  // the key alone
  if (const auto dot = name.rfind('.'); dot != kNowhere) add(plain_name(name.substr(dot + 1)));
  return fields;
}

namespace {

/// Gives columns to fields, each field at most once.
class Assignment {
 public:
  Assignment(const std::vector<ColumnFacts>& columns, const KnownNames& names)
      : columns_(columns), fields_(columns.size(), kFieldCount) {
    for (const ColumnFacts& column : columns) {
      const auto& name = column.place.empty() ? column.name : column.place;
      named_.push_back(name.empty() ? std::vector<ProfileFieldIndex>{} : names.fields_of(name));
    }
  }

  std::vector<ProfileFieldIndex> run() {
    by_value(kFieldClientIp, [](const ColumnFacts& column) { return column.mostly(column.addresses); });
    by_value(kFieldClientIp, [](const ColumnFacts& column) {
      return column.addresses + column.address_lists > 0 && column.times == 0;
    });
    by_value(kFieldTime, [](const ColumnFacts& column) { return column.mostly(column.times); });
    take_request();
    by_value(kFieldUserAgent,
             [](const ColumnFacts& column) { return column.agents > 0 && column.agents * 2 >= column.values; });
    take_status();
    by_name(kFieldForwardedFor, [](const ColumnFacts&) { return true; });
    by_value(kFieldForwardedFor, [](const ColumnFacts& column) { return column.address_lists > 0; });
    by_name(kFieldReferer, [](const ColumnFacts&) { return true; });
    by_value(kFieldReferer, [](const ColumnFacts& column) { return column.urls > 0; });
    const ProfileFieldIndex texts[]{kFieldUserAgent, kFieldCookie, kFieldBody, kFieldContentType};
    for (const auto field : texts)
      by_name(field, [](const ColumnFacts& column) { return column.values == 0 || !column.mostly(column.numbers); });
    by_name(kFieldHost, [](const ColumnFacts& column) { return !column.mostly(column.numbers); });
    if (!has(kFieldHost))
      by_value(kFieldHost, [](const ColumnFacts& column) {
        return column.name.empty() && column.place.empty() && column.mostly(column.hosts);
      });
    by_name(kFieldRequestId, [](const ColumnFacts&) { return true; });
    by_name(kFieldClientId, [](const ColumnFacts& column) { return !column.mostly(column.numbers); });
    const ProfileFieldIndex counts[]{kFieldRequestBytes, kFieldResponseBytes, kFieldDuration};
    for (const auto field : counts)
      by_name(
          field, [](const ColumnFacts& column) { return column.mostly(column.numbers); }, 0);
    return fields_;
  }

 private:
  [[nodiscard]] bool has(ProfileFieldIndex field) const {
    return std::find(fields_.begin(), fields_.end(), field) != fields_.end();
  }
  [[nodiscard]] size_t rank_of_name(size_t column, ProfileFieldIndex field) const {
    const auto at = std::find(named_[column].begin(), named_[column].end(), field);
    return at == named_[column].end() ? kNowhere : static_cast<size_t>(at - named_[column].begin());
  }

  // The column whose name says so, else the first without a name that says something else.
  template <typename Fits>
  void by_value(ProfileFieldIndex field, Fits fits) {
    if (has(field)) return;
    std::optional<size_t> best;
    size_t best_rank = kNowhere;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (fields_[i] != kFieldCount || !fits(columns_[i])) continue;
      const bool says_other = !named_[i].empty() && rank_of_name(i, field) == kNowhere;
      const size_t rank = rank_of_name(i, field) != kNowhere ? rank_of_name(i, field) : says_other ? kNowhere - 1 : 100;
      if (best && rank >= best_rank) continue;
      best = i;
      best_rank = rank;
    }
    if (best) fields_[*best] = field;
  }

  // Of columns whose name says so; with `rank_max` 0 only those whose name says nothing else more often.
  template <typename Fits>
  void by_name(ProfileFieldIndex field, Fits fits, size_t rank_max = kNowhere - 1) {
    if (has(field)) return;
    std::optional<size_t> best;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const size_t rank = rank_of_name(i, field);
      if (fields_[i] != kFieldCount || rank > rank_max || !fits(columns_[i])) continue;
      if (!best || rank < rank_of_name(*best, field)) best = i;
    }
    if (best) fields_[*best] = field;
  }

  // A request line if there is one; else a method, a target, and a query where that has none.
  void take_request() {
    by_value(kFieldTarget, [](const ColumnFacts& column) {
      return column.request_lines > 0 && column.request_lines * 2 >= column.values;
    });
    if (has(kFieldTarget))
      return by_value(kFieldMethod,
                      [](const ColumnFacts& column) { return column.methods > 0 && column.mostly(column.methods); });
    by_value(kFieldMethod,
             [](const ColumnFacts& column) { return column.methods > 0 && column.methods * 2 >= column.values; });
    const auto is_target = [](const ColumnFacts& column) {
      return column.targets > 0 && column.targets * 2 >= column.values;
    };
    by_name(kFieldTarget, [&](const ColumnFacts& column) { return is_target(column) || column.mostly(column.urls); });
    by_name(kFieldPath, is_target);
    if (!has(kFieldTarget) && !has(kFieldPath)) by_value(kFieldTarget, is_target);
    if (!has(kFieldTarget) && !has(kFieldPath))
      by_value(kFieldTarget, [](const ColumnFacts& column) { return column.mostly(column.urls); });
    by_name(kFieldQuery, [](const ColumnFacts& column) { return column.values == 0 || column.queries > 0; });
    by_value(kFieldQuery,
             [](const ColumnFacts& column) { return column.queries > 0 && column.mostly(column.queries); });
  }

  // In text the status stands behind the request where nothing else is said.
  void take_status() {
    const auto is_status = [](const ColumnFacts& column) { return column.mostly(column.statuses); };
    by_name(kFieldStatus, is_status);
    by_value(kFieldStatus, is_status);
  }

  const std::vector<ColumnFacts>& columns_;
  std::vector<std::vector<ProfileFieldIndex>> named_;
  std::vector<ProfileFieldIndex> fields_;
};

}  // namespace

std::vector<ProfileFieldIndex> fields_of_columns(const std::vector<ColumnFacts>& columns, const KnownNames& names) {
  return Assignment(columns, names).run();
}

}  // namespace weir

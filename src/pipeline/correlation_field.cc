#include "pipeline/correlation_field.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/utf8.h"
#include "evidence/masker.h"
#include "evidence/request_facts.h"

namespace weir {
namespace {

constexpr size_t kShownBytesMax = 200;

bool is_number_type(CorrelationType type) {
  return type == CorrelationType::kValueSum || type == CorrelationType::kValueAverage ||
         type == CorrelationType::kValuePercentile;
}

// Strangers whose address could not be read are not one client.
bool is_nobody(const ClientIdentity& client, const Event& event) {
  return client.kind == ClientKind::kAddress && event.client_ip.is_unspecified();
}

/// What an address shares with its neighbours: "192.0.2.0/24", "2001:db8:7::/48", the sizes in which networks are given out.
std::string network_text(const IpAddress& address) {
  if (address.is_unspecified()) return {};
  constexpr size_t kV4NetworkBytes = 15;  // of the mapped form
  constexpr size_t kV6NetworkBytes = 6;
  auto bytes = address.bytes();
  const size_t kept = address.is_v4() ? kV4NetworkBytes : kV6NetworkBytes;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(kept), bytes.end(), uint8_t{0});
  return IpAddress::from_bytes(bytes).to_string() + (address.is_v4() ? "/24" : "/48");
}

void add_error(Diagnostics& diagnostics, const Correlation& where, int line, std::string message) {
  diagnostics.push_back({Diagnostic::Severity::kError, where.file, line > 0 ? line : where.line, 0, std::move(message),
                         "fields with one value in a record: docs/correlation.md lists them"});
}

}  // namespace

std::optional<CorrelationField> find_correlation_field(std::string_view name) {
  using Kind = CorrelationField::Kind;
  if (name == "weir.client") return CorrelationField{Kind::kClient, {}, {}};
  if (name == "weir.route") return CorrelationField{Kind::kRoute, {}, {}};
  if (name == "weir.network") return CorrelationField{Kind::kNetwork, {}, {}};
  if (name == "cs-username" || name == "user.name") return CorrelationField{Kind::kText, EventText::kClientId, {}};
  if (name.empty()) return std::nullopt;
  const auto target = find_field(name);
  if (!target) return std::nullopt;
  if (target->kind == FieldKind::kAddress) return CorrelationField{Kind::kAddress, {}, {}};
  if (target->kind == FieldKind::kNumber) return CorrelationField{Kind::kNumber, {}, target->number};
  if ((target->kind == FieldKind::kText || target->kind == FieldKind::kLines) && target->text != EventText::kNone)
    return CorrelationField{Kind::kText, target->text, {}};
  return std::nullopt;
}

std::string_view value_of(const CorrelationField& field, const Event& event, const ClientIdentity& client,
                          std::string& buffer) {
  switch (field.kind) {
    case CorrelationField::Kind::kClient:
      return is_nobody(client, event) ? std::string_view{} : client.text;
    case CorrelationField::Kind::kAddress:
      if (event.client_ip.is_unspecified()) return {};
      return buffer = event.client_ip.counting_unit_text();
    case CorrelationField::Kind::kNetwork:
      return buffer = network_text(event.client_ip);
    case CorrelationField::Kind::kRoute:
      return buffer = folded_route(event.path);
    case CorrelationField::Kind::kNumber: {
      if (field.number == EventNumber::kStatus && event.status == 0) return {};
      char digits[32];
      const auto end = std::to_chars(digits, digits + sizeof digits, event_number(event, field.number)).ptr;
      return buffer.assign(digits, end);
    }
    case CorrelationField::Kind::kText:
      return event_text(event, field.text, buffer);
  }
  return {};
}

void append_shown(const CorrelationField& field, std::string_view value, uint64_t keyed_hash, const Masker& masker,
                  std::string& out) {
  if (field.kind == CorrelationField::Kind::kRoute) {
    out += masker.text(value, kShownBytesMax);
    return;
  }
  if (field.kind != CorrelationField::Kind::kText) {
    out += value;
    return;
  }
  if (field.text == EventText::kCookie || field.text == EventText::kBody) {
    char digest[24];
    std::snprintf(digest, sizeof digest, "hash:%016llx", static_cast<unsigned long long>(keyed_hash));
    out += digest;
    return;
  }
  out += masker.text(value, kShownBytesMax);
}

std::string field_name_of(const Correlation& correlation, const CorrelationSource& source, const std::string& name) {
  const auto alias = correlation.aliases.find(name);
  if (alias == correlation.aliases.end()) return name;
  auto field = alias->second.find(source.written);
  if (field == alias->second.end()) field = alias->second.find(source.id);
  return field == alias->second.end() ? name : field->second;
}

void check_correlations(const std::vector<Correlation>& correlations, Diagnostics& diagnostics) {
  for (const auto& correlation : correlations) {
    for (const auto& source : correlation.sources) {
      if (source.is_correlation) continue;
      for (const auto& name : correlation.group_by) {
        const std::string field = field_name_of(correlation, source, name);
        if (!find_correlation_field(field))
          add_error(diagnostics, correlation, source.line, "cannot group by the field '" + field + "'");
      }
    }
    for (const auto& name : correlation.fields) {
      const auto field = find_correlation_field(name);
      if (!field)
        add_error(diagnostics, correlation, 0, "the values of the field '" + name + "' cannot be counted");
      else if (is_number_type(correlation.type) && field->kind != CorrelationField::Kind::kNumber)
        add_error(diagnostics, correlation, 0, "the field '" + name + "' holds no numbers");
    }
  }
}

}  // namespace weir

#include "event/profile_index.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::array<ProfileField, kFieldCount> kProfileFields{{
    {"time", &InputProfile::time},
    {"date", &InputProfile::date},
    {"request_id", &InputProfile::request_id},
    {"client_id", &InputProfile::client_id},
    {"api_key", &InputProfile::api_key},
    {"client_ip", &InputProfile::client_ip},
    {"forwarded_for", &InputProfile::forwarded_for},
    {"method", &InputProfile::method},
    {"scheme", &InputProfile::scheme},
    {"host", &InputProfile::host},
    {"target", &InputProfile::target},
    {"path", &InputProfile::path},
    {"query", &InputProfile::query},
    {"status", &InputProfile::status},
    {"duration", &InputProfile::duration},
    {"request_bytes", &InputProfile::request_bytes},
    {"response_bytes", &InputProfile::response_bytes},
    {"user_agent", &InputProfile::user_agent},
    {"referer", &InputProfile::referer},
    {"content_type", &InputProfile::content_type},
    {"cookie", &InputProfile::cookie},
    {"body", &InputProfile::body},
    {"headers", &InputProfile::headers},
    {"response_headers", &InputProfile::response_headers},
}};

DurationUnit unit_of(const InputProfile& profile, const std::string& pointer) {
  for (const auto& [own, unit] : profile.pointer_units)
    if (own == pointer) return unit;
  return profile.duration_unit;
}

}  // namespace

std::span<const ProfileField> profile_fields() {
  return kProfileFields;
}

std::string_view field_name(ProfileFieldIndex field) {
  return field < kFieldCount ? kProfileFields[field].name : std::string_view("none");
}

std::optional<ProfileFieldIndex> field_named(std::string_view name) {
  for (size_t i = 0; i < kProfileFields.size(); ++i)
    if (kProfileFields[i].name == name) return static_cast<ProfileFieldIndex>(i);
  return std::nullopt;
}

Result<ProfileIndex> ProfileIndex::compile(const InputProfile& profile) {
  std::vector<std::string> pointers;
  for (const auto& field : kProfileFields) {
    const auto& mapped = (profile.*field.mapping).pointers;
    pointers.insert(pointers.end(), mapped.begin(), mapped.end());
  }
  for (const auto& [prefix, of] : profile.header_prefixes)
    if (prefix.starts_with('/')) pointers.push_back(prefix);
  auto table = PointerTable::compile(pointers);
  if (!table) return tl::unexpected(table.error());
  ProfileIndex index;
  index.table = std::move(*table);
  for (size_t i = 0; i < kProfileFields.size(); ++i) {
    const FieldMapping& mapping = profile.*kProfileFields[i].mapping;
    for (const std::string& pointer : mapping.pointers)
      index.candidates[i].push_back(
          {index.table.slot_of(pointer), unit_of(profile, pointer), profile.timestamp_format});
  }
  return index;
}

bool InputProfile::reads_json() const {
  return std::any_of(kProfileFields.begin(), kProfileFields.end(),
                     [&](const ProfileField& field) { return !(this->*field.mapping).pointers.empty(); });
}

Status InputProfile::validate() const {
  if (auto index = ProfileIndex::compile(*this); !index) return tl::unexpected(index.error());
  if (auto table = PointerTable::compile(unwrap); !table) return tl::unexpected(table.error());
  if (!split.empty()) {
    if (auto table = PointerTable::compile(std::span(&split, 1)); !table) return tl::unexpected(table.error());
  }
  for (const TextFormat& format : texts) {
    if (auto valid = format.validate(); !valid) return valid;
  }
  return {};
}

}  // namespace weir

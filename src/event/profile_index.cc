#include "event/profile_index.h"

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
  auto table = PointerTable::compile(pointers);
  if (!table) return tl::unexpected(table.error());
  ProfileIndex index;
  index.table = std::move(*table);
  for (size_t i = 0; i < kProfileFields.size(); ++i) {
    for (const auto& pointer : (profile.*kProfileFields[i].mapping).pointers) {
      index.candidates[i].push_back(index.table.slot_of(pointer));
    }
  }
  return index;
}

Status InputProfile::validate() const {
  if (auto index = ProfileIndex::compile(*this); !index) return tl::unexpected(index.error());
  if (unwrap.empty()) return {};
  if (auto table = PointerTable::compile(std::span(&unwrap, 1)); !table) return tl::unexpected(table.error());
  return {};
}

}  // namespace weir

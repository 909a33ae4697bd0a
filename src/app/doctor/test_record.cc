#include "app/doctor/test_record.h"

#include <nlohmann/json.hpp>

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

/// Of the documentation's range (RFC 5737): nobody's address.
constexpr const char* kAddress = "198.51.100.77";
constexpr const char* kQuery = "id=1%27%20UNION%20SELECT%20username,password%20FROM%20users--%20";

void put(Json& record, const FieldMapping& field, const Json& value) {
  if (!field.pointers.empty()) record[Json::json_pointer(field.pointers.front())] = value;
}

}  // namespace

std::optional<std::string> doctor_record(const InputProfile& profile, std::string_view marker, std::string_view time) {
  const bool has_path = !profile.path.pointers.empty() || !profile.target.pointers.empty();
  if (profile.time.pointers.empty() || !has_path) return std::nullopt;
  const std::string path = "/weir-doctor/" + std::string(marker);
  Json record = Json::object();
  try {
    put(record, profile.time, time);
    put(record, profile.request_id, marker);
    put(record, profile.client_ip, kAddress);
    put(record, profile.method, "GET");
    if (profile.target.pointers.empty()) {
      put(record, profile.path, path);
      put(record, profile.query, kQuery);
    } else {
      put(record, profile.target, path + "?" + kQuery);
    }
    put(record, profile.status, 404);
    put(record, profile.user_agent, "weir-doctor/" + std::string(marker));
  } catch (const Json::exception&) {  // pointers of which one is inside another's value
    return std::nullopt;
  }
  return record.dump();
}

}  // namespace weir

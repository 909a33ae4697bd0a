#include "alert/ecs.h"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "base/time.h"

namespace weir {
namespace {

using rapidjson::Document;
using rapidjson::Pointer;
using rapidjson::Value;

constexpr const char* kEcsVersion = "8.11.0";

/// How a value changes on the way.
enum class As : uint8_t {
  kSame,
  kTime,     ///< milliseconds → RFC 3339
  kElement,  ///< appended to a list, once
};
struct Field {
  const char* ocsf;
  const char* ecs;
  As as = As::kSame;
};

// One row per field, not one line per value.
// clang-format off
constexpr std::array kFields{
    Field{"/time", "/@timestamp", As::kTime},
    Field{"/message", "/message"},
    Field{"/metadata/uid", "/event/id"},
    Field{"/start_time", "/event/start", As::kTime},
    Field{"/end_time", "/event/end", As::kTime},
    Field{"/severity_id", "/event/severity"},
    Field{"/risk_score", "/event/risk_score"},
    Field{"/finding_info/title", "/event/reason"},
    Field{"/finding_info/analytic/uid", "/rule/id"},
    Field{"/finding_info/analytic/name", "/rule/name"},
    Field{"/finding_info/analytic/category", "/rule/category"},
    Field{"/finding_info/types", "/tags"},
    Field{"/unmapped/weir/rule_set", "/rule/ruleset"},
    Field{"/remediation/desc", "/weir/advice"},
    Field{"/confidence", "/weir/confidence"},
    Field{"/evidences/0/http_response/latency", "/weir/latency_ms"},
    Field{"/metadata/product/vendor_name", "/observer/vendor"},
    Field{"/metadata/product/name", "/observer/product"},
    Field{"/metadata/product/version", "/observer/version"},
    Field{"/evidences/0/src_endpoint/ip", "/source/ip"},
    Field{"/evidences/0/src_endpoint/ip", "/source/address"},
    Field{"/evidences/0/src_endpoint/ip", "/related/ip", As::kElement},
    Field{"/evidences/0/src_endpoint/location/country", "/source/geo/country_iso_code"},
    Field{"/evidences/0/src_endpoint/autonomous_system/number", "/source/as/number"},
    Field{"/evidences/0/src_endpoint/autonomous_system/name", "/source/as/organization/name"},
    Field{"/evidences/0/actor/user/uid", "/user/id"},
    Field{"/evidences/0/actor/user/uid", "/related/user", As::kElement},
    Field{"/evidences/0/http_request/uid", "/http/request/id"},
    Field{"/evidences/0/http_request/referrer", "/http/request/referrer"},
    Field{"/unmapped/weir/method", "/http/request/method"},
    Field{"/evidences/0/http_request/user_agent", "/user_agent/original"},
    Field{"/evidences/0/http_request/url/hostname", "/url/domain"},
    Field{"/evidences/0/http_request/url/hostname", "/related/hosts", As::kElement},
    Field{"/evidences/0/http_request/url/path", "/url/path"},
    Field{"/evidences/0/http_request/url/query_string", "/url/query"},
    Field{"/evidences/0/http_request/url/scheme", "/url/scheme"},
    Field{"/evidences/0/http_request/url/url_string", "/url/original"},
    Field{"/evidences/0/http_response/code", "/http/response/status_code"},
    Field{"/evidences/0/http_response/length", "/http/response/bytes"},
    Field{"/evidences/0/data/hits", "/weir/hits"},
    Field{"/finding_info/uid", "/weir/episode"},
    Field{"/count", "/weir/count"},
    Field{"/severity", "/weir/severity"},
    Field{"/unmapped/reasons", "/weir/reasons"},
    Field{"/unmapped/suspicious", "/weir/suspicious"},
    Field{"/unmapped/requests", "/weir/requests"},
    Field{"/unmapped/retry_after", "/weir/retry_after"},
};
// clang-format on

void set_text(Document& to, const char* pointer, std::string_view text) {
  Pointer(pointer).Set(to, Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), to.GetAllocator()));
}

void append(Document& to, const char* pointer, const Value& element) {
  auto& memory = to.GetAllocator();
  Value& list = Pointer(pointer).Create(to);
  if (!list.IsArray()) list.SetArray();
  for (const Value& value : list.GetArray())
    if (value.IsString() && element.IsString() && std::string_view(value.GetString()) == element.GetString()) return;
  list.PushBack(Value(element, memory), memory);
}

void translate(const Document& from, const Field& field, Document& to) {
  const Value* value = Pointer(field.ocsf).Get(from);
  if (value == nullptr) return;
  switch (field.as) {
    case As::kSame:
      Pointer(field.ecs).Set(to, *value);
      return;
    case As::kTime:
      if (value->IsInt64()) set_text(to, field.ecs, format_rfc3339(EventTime(Milliseconds(value->GetInt64()))));
      return;
    case As::kElement:
      append(to, field.ecs, *value);
      return;
  }
}

/// What is the same for all alerts, and what an alert is.
void write_event(const Document& from, Document& to) {
  set_text(to, "/ecs/version", kEcsVersion);
  set_text(to, "/event/kind", "alert");
  set_text(to, "/event/module", "weir");
  set_text(to, "/event/dataset", "weir.alerts");
  set_text(to, "/observer/type", "ids");
  for (const char* category : {"intrusion_detection", "web"})
    append(to, "/event/category", Value(rapidjson::StringRef(category)));
  append(to, "/event/type", Value("info"));
  const Value* kind = Pointer("/unmapped/weir/kind").Get(from);
  const Value* phase = Pointer("/unmapped/weir/phase").Get(from);
  if (kind != nullptr && kind->IsString() && phase != nullptr && phase->IsString())
    set_text(to, "/event/action", std::string(kind->GetString()) + "_" + phase->GetString());
}

void write_threat(const Document& from, Document& to) {
  const Value* attacks = Pointer("/finding_info/attacks").Get(from);
  if (attacks == nullptr || !attacks->IsArray() || attacks->Empty()) return;
  set_text(to, "/threat/framework", "MITRE ATT&CK");
  for (const Value& attack : attacks->GetArray()) {
    for (const char* part : {"tactic", "technique", "sub_technique"}) {
      if (!attack.IsObject() || !attack.HasMember(part) || !attack[part].IsObject()) continue;
      const bool is_sub = std::string_view(part) == "sub_technique";
      const std::string base = is_sub ? "/threat/technique/subtechnique" : std::string("/threat/") + part;
      for (const auto& [name, member] : {std::pair{"uid", "/id"}, std::pair{"name", "/name"}}) {
        if (attack[part].HasMember(name)) append(to, (base + member).c_str(), attack[part][name]);
      }
    }
  }
}

/// What has no field: under a name of its own.
void write_own(const Document& from, Document& to) {
  const Value* own = Pointer("/unmapped/weir").Get(from);
  if (own == nullptr || !own->IsObject()) return;
  auto& memory = to.GetAllocator();
  Value& target = Pointer("/weir").Create(to);
  if (!target.IsObject()) target.SetObject();
  for (const auto& member : own->GetObject()) {
    const std::string_view name(member.name.GetString(), member.name.GetStringLength());
    if (name == "method" || name == "rule_set" || target.HasMember(member.name)) continue;
    target.AddMember(Value(member.name, memory), Value(member.value, memory), memory);
  }
}

}  // namespace

std::string ecs_from_ocsf(std::string_view ocsf_json) {
  Document from;
  from.Parse(ocsf_json.data(), ocsf_json.size());
  if (from.HasParseError() || !from.IsObject()) return {};
  Document to(rapidjson::kObjectType);
  for (const Field& field : kFields)
    translate(from, field, to);
  write_event(from, to);
  write_threat(from, to);
  write_own(from, to);
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  to.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace weir

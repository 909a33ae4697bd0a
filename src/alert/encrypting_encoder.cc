#include "alert/encrypting_encoder.h"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <chrono>
#include <span>

#include "alert/alert.h"

namespace weir {
namespace {

/// Where an alert tells of the request, in OCSF and in ECS. A place that an alert does not have is passed over.
struct SealedPlace {
  const char* pointer;  ///< RFC 6901
  const char* instead =
      nullptr;  ///< the place whose text stands there when this one is encrypted; null: it is left out
};
constexpr std::array kSealedPlaces{SealedPlace{"/message", "/finding_info/title"},
                                   SealedPlace{"/finding_info/desc", "/finding_info/title"}, SealedPlace{"/evidences"},
                                   SealedPlace{"/observables"}, SealedPlace{"/unmapped/weir/made_of"}};
constexpr std::array kEcsPlaces{SealedPlace{"/message", "/event/reason"},
                                SealedPlace{"/http"},
                                SealedPlace{"/url"},
                                SealedPlace{"/user_agent"},
                                SealedPlace{"/related/hosts"},
                                SealedPlace{"/weir/hits"},
                                SealedPlace{"/weir/evidence"},
                                SealedPlace{"/weir/made_of"}};
/// Where the token stands: in the schema's place for evidence of any form.
constexpr const char* kToken = "/evidences/0/data/fernet";
constexpr const char* kEcsToken = "/weir/fernet";

using Document = rapidjson::Document;
using Value = rapidjson::Value;

std::string text_of(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

void hide(Document& alert, std::span<const SealedPlace> places) {
  for (const SealedPlace& place : places) {
    const rapidjson::Pointer pointer(place.pointer);
    if (pointer.Get(alert) == nullptr) continue;
    const Value* instead = place.instead == nullptr ? nullptr : rapidjson::Pointer(place.instead).Get(alert);
    if (instead == nullptr)
      pointer.Erase(alert);
    else
      pointer.Set(alert, *instead);
  }
}

/// Of OCSF's evidence the parts that say who it was stay: an analyst sorts by them.
void hide_ocsf(Document& alert) {
  auto& memory = alert.GetAllocator();
  Value kept(rapidjson::kObjectType);
  for (const char* name : {"src_endpoint", "actor"}) {
    const Value* part = rapidjson::Pointer(std::string("/evidences/0/").append(name).c_str()).Get(alert);
    if (part != nullptr) kept.AddMember(rapidjson::StringRef(name), Value(*part, memory), memory);
  }
  hide(alert, kSealedPlaces);
  rapidjson::Pointer("/evidences/0").Set(alert, kept);
}

const Value* token_in(const Document& alert) {
  if (!alert.IsObject()) return nullptr;
  for (const char* pointer : {kToken, kEcsToken}) {
    const Value* token = rapidjson::Pointer(pointer).Get(alert);
    if (token != nullptr && token->IsString()) return token;
  }
  return nullptr;
}

}  // namespace

std::string EncryptingEncoder::value_of(const Alert& alert) const {
  const std::string whole = inner_->value_of(alert);
  Document document;
  document.Parse(whole.data(), whole.size());
  if (document.HasParseError() || !document.IsObject()) return whole;
  const bool is_ecs = document.HasMember("ecs");
  // The whole alert, so that what is decrypted is what was written, byte for byte.
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(alert.time.time_since_epoch()).count();
  const FernetKey& key = keys_.first();
  const std::string token = key.encrypt(whole, seconds, key.iv_for(alert.id, whole));
  if (is_ecs)
    hide(document, kEcsPlaces);
  else
    hide_ocsf(document);
  rapidjson::Pointer(is_ecs ? kEcsToken : kToken).Set(document, token.c_str());
  return text_of(document);
}

std::string encrypted_evidence(std::string_view alert_json) {
  Document document;
  document.Parse(alert_json.data(), alert_json.size());
  if (document.HasParseError()) return {};
  const Value* token = token_in(document);
  return token == nullptr ? std::string() : std::string(token->GetString(), token->GetStringLength());
}

Result<std::string> decrypt_alert(std::string_view alert_json, const FernetKeys& keys, FernetKeys::Age age) {
  const std::string token = encrypted_evidence(alert_json);
  if (token.empty()) return std::string(alert_json);
  return keys.decrypt(token, age);
}

}  // namespace weir
